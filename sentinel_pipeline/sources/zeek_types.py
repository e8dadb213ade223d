"""What Zeek calls its logs and their columns, and what a log is recognised by."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sentinel_pipeline.sources.logblocks import visible
from sentinel_pipeline.sources.logchunks import OTHER, UNKNOWN

CONN, NOTICE = "conn", "notice"

# Logs that look like conn but tell of the same connections again are OTHER too: they are never added to conn.
OTHER_LOGS = frozenset(
    "conn_agg conn_burst conn_long conn_red conn_summary long_connection "  # noqa: SIM905 - words read better than a list
    "analyzer broker capture_loss cluster communication config dce_rpc dhcp dnp3 dns dns_red dpd files files_red ftp "
    "http http_red intel ipsec irc kerberos known_certs known_devices known_hosts known_modbus known_services ldap "
    "ldap_search loaded_scripts modbus mqtt_connect mqtt_publish mqtt_subscribe mysql netcontrol notice_alarm ntlm ntp "
    "ocsp openflow packet_filter pe postgresql print prof quic radius rdp redis reporter rfb signatures sip smb_cmd "
    "smb_files smb_mapping smtp snmp socks software ssh ssl ssl_red stats syslog telemetry tor_ssl traceroute tunnel "
    "weird weird_stats websocket x509 x509_red".split()
)


@dataclass(frozen=True)
class Field:
    """A value we read: its name in Zeek, and the names it is found under, the first that exists wins."""

    name: str
    aliases: tuple[str, ...] = ()
    is_mandatory: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


ORIGINATOR = ("id_orig_h", "orig_h", "src_ip", "src")
RESPONDER = ("id_resp_h", "resp_h", "dst_ip", "dst", "dest_ip")

CONN_FIELDS = (
    Field("ts", is_mandatory=True),
    Field("uid"),
    Field("id.orig_h", ORIGINATOR, is_mandatory=True),
    Field("id.orig_p", ("id_orig_p", "orig_p", "src_port")),
    Field("id.resp_h", RESPONDER, is_mandatory=True),
    Field("id.resp_p", ("id_resp_p", "resp_p", "dst_port", "dest_port")),
    Field("proto", is_mandatory=True),
    Field("ip_proto"),
    Field("service"),
    Field("duration"),
    Field("orig_bytes"),
    Field("resp_bytes"),
    Field("conn_state"),
    Field("local_orig"),
    Field("local_resp"),
    Field("orig_pkts"),
    Field("resp_pkts"),
)
NOTICE_FIELDS = (
    Field("ts", is_mandatory=True),
    Field("uid"),
    Field("src", ("src_ip",)),
    Field("dst", ("dst_ip", "dest_ip")),
    Field("p"),
    Field("id.orig_h", ("id_orig_h", "orig_h")),
    Field("id.resp_h", ("id_resp_h", "resp_h")),
    Field("id.orig_p", ("id_orig_p", "orig_p", "src_port")),
    Field("id.resp_p", ("id_resp_p", "resp_p", "dst_port", "dest_port")),
    Field("note", is_mandatory=True),
    Field("msg"),
    Field("sub"),
    Field("fuid"),
    Field("n"),
    Field("peer_descr"),
)
FIELDS = {CONN: CONN_FIELDS, NOTICE: NOTICE_FIELDS}
ESCAPED_BYTE = re.compile(rb"\\x([0-9a-fA-F]{2})")
FREE_TEXT = frozenset({"uid", "service", "conn_state", "note", "msg", "sub", "fuid", "peer_descr"})
KNOWN_COLUMNS = frozenset(name for fields in FIELDS.values() for field in fields for name in field.names) | {
    "history",
    "tunnel_parents",
    "missed_bytes",
    "query",
    "name",
    "fuid",
}
CONN_COLUMNS = frozenset(name for field in CONN_FIELDS for name in field.names) | {
    "history",
    "ip_proto",
    "missed_bytes",
    "orig_ip_bytes",
    "resp_ip_bytes",
    "tunnel_parents",
}
IDENTIFYING = frozenset({*ORIGINATOR, "id.orig_h", "uid", "fuid"})


def named_log(name: str) -> str:
    """CONN, NOTICE or OTHER for a name that Zeek gives a log, UNKNOWN for any other."""
    if name in FIELDS:
        return name
    return OTHER if name in OTHER_LOGS else UNKNOWN


def log_of_columns(columns: Collection[str]) -> str:
    """What log has such columns: CONN, NOTICE or OTHER. Of a conn log without state, none may be of another log."""
    if has_any(columns, "note") and not has_any(columns, "conn_state"):
        return NOTICE
    names = ("id.orig_h", *ORIGINATOR), ("id.resp_h", *RESPONDER), ("proto",)
    is_conn = has_any(columns, "conn_state", "orig_pkts") or CONN_COLUMNS.issuperset(columns)
    return CONN if is_conn and all(has_any(columns, *alternatives) for alternatives in names) else OTHER


def log_type(path: str, stem: str, columns: Collection[str]) -> str:
    """CONN, NOTICE or OTHER: by the log's own word, else by the file's name, else by its columns."""
    return named_log(path) or named_log(stem) or log_of_columns(columns)


def has_any(columns: Collection[str], *names: str) -> bool:
    return any(name in columns for name in names)


def unescaped(text: str) -> str:
    """Text whose \\xHH escapes are the bytes they stand for; what is no UTF-8 then stays visible as \\xHH."""
    return visible(ESCAPED_BYTE.sub(lambda found: bytes.fromhex(found.group(1).decode()), text.encode()))
