"""IoTSentinel's tables as its database has them, as far as a report needs them."""

SCHEMA = """
PRAGMA user_version = 10;
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT UNIQUE NOT NULL, password_hash TEXT NOT NULL, email TEXT,
    email_verified INTEGER DEFAULT 0, role TEXT CHECK(role IN ('admin', 'viewer')) DEFAULT 'viewer',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, last_login TIMESTAMP, is_active INTEGER DEFAULT 1,
    must_change_password INTEGER DEFAULT 0
);
CREATE TABLE devices (
    device_ip TEXT PRIMARY KEY, device_name TEXT, device_type TEXT, mac_address TEXT, manufacturer TEXT, model TEXT,
    firmware_version TEXT, first_seen TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_seen TIMESTAMP DEFAULT CURRENT_TIMESTAMP, last_activity TIMESTAMP, is_trusted INTEGER DEFAULT 0,
    is_blocked INTEGER DEFAULT 0, custom_name TEXT, notes TEXT, icon TEXT DEFAULT '❓', category TEXT DEFAULT 'other',
    confidence TEXT DEFAULT 'low', total_connections INTEGER DEFAULT 0, is_kids_device INTEGER DEFAULT 0,
    manufacturing_date DATE, hardware_eol_date DATE
);
CREATE TABLE connections (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, device_ip TEXT NOT NULL,
    dest_ip TEXT, dest_port INTEGER, protocol TEXT, service TEXT, duration REAL, bytes_sent INTEGER DEFAULT 0,
    bytes_received INTEGER DEFAULT 0, packets_sent INTEGER DEFAULT 0, packets_received INTEGER DEFAULT 0,
    conn_state TEXT, processed INTEGER DEFAULT 0, FOREIGN KEY (device_ip) REFERENCES devices(device_ip)
);
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, device_ip TEXT NOT NULL,
    severity TEXT CHECK(severity IN ('low', 'medium', 'high', 'critical')), anomaly_score REAL, explanation TEXT,
    top_features TEXT, acknowledged INTEGER DEFAULT 0, acknowledged_at TIMESTAMP, plain_explanation TEXT,
    plain_explanation_ai INTEGER DEFAULT 0, ai_source TEXT, mitre_tactic TEXT,
    FOREIGN KEY (device_ip) REFERENCES devices(device_ip)
);
CREATE TABLE alert_rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, description TEXT, rule_type TEXT CHECK(rule_type IN
    ('data_volume', 'connection_count', 'port_activity', 'time_based', 'destination_ip', 'protocol')) NOT NULL,
    condition_operator TEXT CHECK(condition_operator IN ('gt', 'lt', 'eq', 'gte', 'lte', 'contains', 'in_range'))
    NOT NULL, threshold_value REAL, threshold_value_2 REAL, time_window_hours INTEGER DEFAULT 1,
    severity TEXT CHECK(severity IN ('low', 'medium', 'high', 'critical')) DEFAULT 'medium', device_filter TEXT,
    port_filter TEXT, protocol_filter TEXT, time_filter TEXT, is_enabled INTEGER DEFAULT 1,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, created_by INTEGER, last_triggered TIMESTAMP,
    trigger_count INTEGER DEFAULT 0, FOREIGN KEY (created_by) REFERENCES users(id)
);
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP, user_id INTEGER,
    username TEXT, action_type TEXT NOT NULL, action_description TEXT, target_resource TEXT, ip_address TEXT,
    user_agent TEXT, success INTEGER DEFAULT 1, error_message TEXT
);
CREATE TABLE security_audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, user_id INTEGER, username TEXT,
    event_type TEXT NOT NULL, severity TEXT DEFAULT 'info', ip_address TEXT, resource_type TEXT, resource_id TEXT,
    details TEXT, result TEXT DEFAULT 'success', failure_reason TEXT, session_id TEXT
);
"""

INDEXES = """
CREATE INDEX idx_conn_timestamp ON connections(timestamp);
CREATE INDEX idx_conn_device ON connections(device_ip);
CREATE INDEX idx_alerts_timestamp ON alerts(timestamp);
"""

USERS = ("username", "password_hash", "email", "role", "created_at")
CONNECTIONS = (
    "timestamp",
    "device_ip",
    "dest_ip",
    "dest_port",
    "protocol",
    "service",
    "duration",
    "bytes_sent",
    "bytes_received",
    "packets_sent",
    "packets_received",
    "conn_state",
    "processed",
)
DEVICES = (
    "device_ip",
    "device_name",
    "device_type",
    "mac_address",
    "manufacturer",
    "first_seen",
    "last_seen",
    "is_trusted",
    "is_blocked",
    "custom_name",
    "icon",
    "category",
    "confidence",
    "total_connections",
    "is_kids_device",
)
ALERTS = (
    "timestamp",
    "device_ip",
    "severity",
    "anomaly_score",
    "explanation",
    "top_features",
    "acknowledged",
    "acknowledged_at",
    "plain_explanation",
    "mitre_tactic",
)
ALERT_RULES = (
    "name",
    "description",
    "rule_type",
    "condition_operator",
    "threshold_value",
    "threshold_value_2",
    "time_window_hours",
    "severity",
    "port_filter",
    "time_filter",
    "is_enabled",
    "created_at",
    "last_triggered",
    "trigger_count",
)
AUDIT_LOG = (
    "timestamp",
    "user_id",
    "username",
    "action_type",
    "action_description",
    "target_resource",
    "ip_address",
    "success",
    "error_message",
)
SECURITY_AUDIT_LOG = (
    "timestamp",
    "user_id",
    "username",
    "event_type",
    "severity",
    "ip_address",
    "resource_type",
    "resource_id",
    "details",
    "result",
    "failure_reason",
)
