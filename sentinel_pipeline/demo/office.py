"""Who works in the office: people, their machines, the people of the DLP console, and the policies."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

DOMAIN = "office.example"


def lasting_id(kind: str, name: str) -> str:
    """A UUID that is the same in every demo."""
    return str(uuid5(NAMESPACE_URL, f"https://{DOMAIN}/{kind}/{name}"))


@dataclass(frozen=True)
class Worker:
    """A person and the agent on their machine."""

    user: str
    agent: str
    name: str
    host: str
    ip: str
    os: str
    department: str
    is_registered: bool = True

    @property
    def email(self) -> str:
        return f"{self.user}@{DOMAIN}"


@dataclass(frozen=True)
class Policy:
    """A rule of the office: what agents report when it applies, with weights, and its share of all incidents.

    `severities` are the weights of SEVERITIES in their order.
    """

    name: str
    description: str
    kind: str
    event: tuple[str, str]
    severities: tuple[float, float, float, float, float]
    actions: tuple[tuple[str, float], ...]
    labels: tuple[str, ...]
    share: float
    status: str = "active"
    is_known: bool = True

    @property
    def id(self) -> str:
        return lasting_id("policies", self.name)


PEOPLE = (
    ("mira.falk", "Sales"),
    ("tomasz.wrona", "Sales"),
    ("aiko.tanabe", "Sales"),
    ("jörg.öller", "Finance"),
    ("lea.dubourg", "Finance"),
    ("samuel.okoro", "Finance"),
    ("ines.caldera", "People"),
    ("henrik.solberg", "People"),
    ("nadia.petrova", "Engineering"),
    ("ruben.castel", "Engineering"),
    ("yara.haddad", "Engineering"),
    ("oskar.lind", "Engineering"),
    ("mei.lin.zhao", "Engineering"),
    ("paul.brandner", "Engineering"),
    ("greta.winther", "Legal"),
    ("dario.moretto", "Legal"),
    ("fiona.ashdown", "Support"),
    ("karim.benali", "Support"),
    ("sofia.marques", "Support"),
    ("emil.novak", "Support"),
    ("hanna.rautio", "Marketing"),
    ("luca.ferrante", "Marketing"),
    ("priya.nair", "Marketing"),
    ("<b>temp</b>", "DEFAULT"),
)
SYSTEMS = ("windows", "windows", "windows", "linux", "macos")
COPIER = 0
GHOST = Worker("", "agt-9931", "", "LOANER-07", "10.20.9.31", "windows", "DEFAULT", is_registered=False)

WORKERS = (
    *(
        Worker(
            user=user,
            agent=f"agt-{1001 + number}",
            name=f"{department} {number + 1:02d}",
            host=f"OFF-{'WS' if number % 3 else 'LT'}-{number + 1:03d}",
            ip=f"10.20.{number // 8 + 1}.{number % 8 * 7 + 11}",
            os=SYSTEMS[number % len(SYSTEMS)],
            department=department,
        )
        for number, (user, department) in enumerate(PEOPLE)
    ),
    GHOST,
)

CONSOLE = (
    ("dlp-admin", "ADMIN", "Vera Holm"),
    ("dlp-analyst", "ANALYST", "Theo Baum"),
    ("auditor", "VIEWER", "Rosa Quist"),
)

SEVERITIES = ("critical", "high", "medium", "low", "info")

USB = Policy(
    "No customer files on USB sticks",
    "Files with customer data are not copied to removable storage",
    "usb_file_transfer_monitoring",
    ("usb", "file_copy"),
    (0.05, 0.45, 0.4, 0.1, 0),
    (("blocked", 72), ("Blocked", 8), ("block_failed", 5), ("logged", 15)),
    ("PII", "EMAIL", "PHONE"),
    0.14,
)
POLICIES = (
    Policy(
        "Card numbers stay in the house",
        "Uploads with payment card numbers are blocked",
        "network_monitoring",
        ("network", "web_upload"),
        (0.3, 0.6, 0.1, 0, 0),
        (("blocked", 90), ("block", 5), ("alerted", 5)),
        ("PAN", "credit_card", "EMAIL"),
        0.17,
    ),
    USB,
    Policy(
        "Keys and secrets off the clipboard",
        "Passwords and API keys are not pasted into other programs",
        "clipboard_monitoring",
        ("clipboard", "clipboard_copy"),
        (0.1, 0.4, 0.5, 0, 0),
        (("blocked", 35), ("block_failed", 40), ("alerted", 25)),
        ("API_KEY", "EMAIL"),
        0.12,
    ),
    Policy(
        "Personal data by mail",
        "Mail to the outside with personal data is held back or reported",
        "network_monitoring",
        ("network_exfil", "email_send"),
        (0, 0.2, 0.6, 0.2, 0),
        (("alerted", 60), ("quarantined", 22), ("BLOCKED", 18)),
        ("PII", "EMAIL", "PHONE", "pii"),
        0.13,
    ),
    Policy(
        "Patient records",
        "Health data does not leave its share",
        "file_system_monitoring",
        ("file", "file_copy"),
        (0.6, 0.4, 0, 0, 0),
        (("quarantined", 45), ("blocked", 40), ("disallowed", 15)),
        ("PHI", "SSN", "PII"),
        0.05,
    ),
    Policy(
        "Löhne & Gehälter – vertraulich",
        "Printing of salary lists is noted; see also <https://office.example/drucken>",
        "print_monitoring",
        ("print", "print_job"),
        (0, 0, 0.3, 0.7, 0),
        (("Logged", 70), ("ALLOWED", 30)),
        ("PII",),
        0.06,
    ),
    Policy(
        "Contracts in private cloud drives",
        "Contracts are kept in the company's own drive",
        "google_drive_local_monitoring",
        ("cloud", "upload"),
        (0.02, 0.3, 0.5, 0.18, 0),
        (("detected", 40), ("alerted", 30), ("Block", 30)),
        ("CONTRACT", "EMAIL"),
        0.1,
    ),
    Policy(
        "Web chats (trial)",
        "Tried out next month",
        "network_monitoring",
        ("network", "web_chat"),
        (0, 0, 0, 0, 1),
        (("logged", 1),),
        (),
        0,
        status="draft",
    ),
    Policy(
        "Retired: floppy disks",
        "Kept for old reports",
        "usb_device_monitoring",
        ("usb", "device_connect"),
        (0, 0, 0, 1, 0),
        (("allowed", 1),),
        (),
        0.01,
        status="inactive",
    ),
    Policy(
        "Policy deleted last year",
        "",
        "",
        ("file", "file_delete"),
        (0, 0, 0.5, 0.5, 0),
        (("logged", 1),),
        ("PII",),
        0.01,
        is_known=False,
    ),
)
NO_POLICY_SHARE = 0.21
NO_POLICY_EVENTS = (
    ("file", "file_modify"),
    ("usb", "device_connect"),
    ("network", "web_visit"),
    ("print", "print_job"),
)
