"""IoT Hub's tables of its fifth generation, as far as a report needs them; SQLite keeps times and JSON as text."""

SCHEMA = """
CREATE TABLE devices (
    id BIGINT PRIMARY KEY, serial_id VARCHAR(255) UNIQUE NOT NULL, name VARCHAR(255) NOT NULL, description TEXT,
    user_id BIGINT, is_active BOOLEAN NOT NULL, created_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE TABLE rules (
    id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL, description TEXT, condition JSONB NOT NULL,
    action JSONB NOT NULL, is_active BOOLEAN NOT NULL, device_metric_id BIGINT NOT NULL, UNIQUE (device_metric_id, name)
);
CREATE TABLE events (
    id BIGINT PRIMARY KEY, event_uuid UUID UNIQUE NOT NULL, rule_triggered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL, rule INTEGER, acknowledged BOOLEAN NOT NULL,
    trigger_device_serial_id VARCHAR(255) NOT NULL, trigger_context JSONB, is_external BOOLEAN NOT NULL
);
CREATE TABLE audit_logs (
    audit_event_id UUID PRIMARY KEY, actor_type VARCHAR(20) NOT NULL, actor_id VARCHAR(64), entity_type VARCHAR(64),
    entity_id VARCHAR(64), event_type VARCHAR(100) NOT NULL, severity VARCHAR(20) NOT NULL,
    occurred_at TIMESTAMP WITH TIME ZONE NOT NULL, details JSONB
);
"""

INDEXES = """
CREATE INDEX ix_events_rule_triggered_at ON events (rule_triggered_at);
CREATE INDEX ix_audit_logs_occurred_at ON audit_logs (occurred_at);
"""

COLUMNS = {
    "devices": ("id", "serial_id", "name", "user_id", "is_active", "created_at"),
    "rules": ("id", "name", "description", "condition", "action", "is_active", "device_metric_id"),
    "events": (
        *("id", "event_uuid", "rule_triggered_at", "created_at", "rule", "acknowledged", "trigger_device_serial_id"),
        *("trigger_context", "is_external"),
    ),
    "audit_logs": (
        *("audit_event_id", "actor_type", "actor_id", "entity_type", "entity_id", "event_type", "severity"),
        *("occurred_at", "details"),
    ),
}
"""Columns the demo fills, per table."""
