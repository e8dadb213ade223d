"""Kasa Monitor's tables as its database has them, as far as a report needs them."""

SCHEMA = """
CREATE TABLE device_readings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, device_ip TEXT NOT NULL, timestamp TEXT NOT NULL, is_on BOOLEAN,
    current_power_w REAL, voltage REAL, current REAL, today_energy_kwh REAL, month_energy_kwh REAL,
    total_energy_kwh REAL, rssi INTEGER
);
CREATE TABLE device_info (
    device_ip TEXT PRIMARY KEY, alias TEXT, model TEXT, device_type TEXT, mac TEXT, last_seen TEXT, metadata TEXT,
    is_monitored BOOLEAN DEFAULT 1, discovered_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, user_notes TEXT
);
CREATE TABLE electricity_rates (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, rate_type TEXT NOT NULL, rate_config TEXT NOT NULL,
    currency TEXT DEFAULT 'USD', is_active BOOLEAN DEFAULT 1, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT UNIQUE NOT NULL, email TEXT, password_hash TEXT NOT NULL,
    role TEXT DEFAULT 'viewer', permissions TEXT, totp_secret TEXT, temp_totp_secret TEXT
);
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event_type TEXT NOT NULL, severity TEXT NOT NULL, user_id INTEGER,
    username TEXT, ip_address TEXT, action TEXT NOT NULL, details TEXT, success BOOLEAN, error_message TEXT,
    timestamp TEXT NOT NULL, checksum TEXT
);
"""

INDEXES = """
CREATE INDEX idx_device_readings_ip_timestamp ON device_readings(device_ip, timestamp DESC);
"""

READINGS = (
    "device_ip",
    "timestamp",
    "is_on",
    "current_power_w",
    "voltage",
    "current",
    "today_energy_kwh",
    "month_energy_kwh",
    "total_energy_kwh",
    "rssi",
)
DEVICE_INFO = ("device_ip", "alias", "model", "device_type", "mac", "last_seen", "is_monitored", "discovered_at")
RATES = ("name", "rate_type", "rate_config", "currency", "is_active", "created_at", "updated_at")
USERS = ("username", "email", "password_hash", "role")
AUDIT_LOG = ("event_type", "severity", "username", "action", "details", "success", "error_message", "timestamp")
