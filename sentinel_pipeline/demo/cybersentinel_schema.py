"""CyberSentinel's second-generation tables, as far as a report needs them, for PostgreSQL and SQLite alike.

SQLite takes PostgreSQL's type names and keeps what it is given: times, addresses and JSON are text there.
"""

SCHEMA = """
CREATE TABLE users (
    id UUID PRIMARY KEY, username VARCHAR(150) UNIQUE, email VARCHAR(255) UNIQUE NOT NULL,
    hashed_password VARCHAR(255) NOT NULL, full_name VARCHAR(255) NOT NULL, role VARCHAR(32) NOT NULL,
    department VARCHAR(255), clearance_level INTEGER DEFAULT 1 NOT NULL, organization VARCHAR(255) NOT NULL,
    is_active BOOLEAN DEFAULT TRUE NOT NULL, mfa_secret TEXT, created_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE TABLE agents (
    id UUID PRIMARY KEY, agent_id VARCHAR(64) UNIQUE NOT NULL, agent_code INTEGER UNIQUE,
    name VARCHAR(255) NOT NULL, hostname VARCHAR(255) NOT NULL, os VARCHAR(50) NOT NULL, ip_address INET NOT NULL,
    version VARCHAR(50) DEFAULT '1.0.0' NOT NULL, status VARCHAR(20) DEFAULT 'offline' NOT NULL,
    last_seen TIMESTAMP WITH TIME ZONE, last_heartbeat TIMESTAMP WITH TIME ZONE,
    deleted_at TIMESTAMP WITH TIME ZONE, created_at TIMESTAMP WITH TIME ZONE NOT NULL
);
CREATE TABLE policies (
    id UUID PRIMARY KEY, name VARCHAR(255) UNIQUE NOT NULL, description TEXT, status VARCHAR(20) DEFAULT 'active',
    enabled BOOLEAN DEFAULT TRUE NOT NULL, priority INTEGER DEFAULT 100 NOT NULL, type VARCHAR(50),
    domain VARCHAR(50), severity VARCHAR(20), conditions JSON NOT NULL, actions JSON NOT NULL, compliance_tags JSON,
    deleted_at TIMESTAMP WITH TIME ZONE, created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE
);
CREATE TABLE events (
    id UUID PRIMARY KEY, event_id VARCHAR(64) UNIQUE NOT NULL, event_type VARCHAR(50) NOT NULL,
    event_subtype VARCHAR(50), agent_id VARCHAR(64), endpoint_id UUID, source_type VARCHAR(50) NOT NULL,
    source_id VARCHAR(64), user_email VARCHAR(255), user_id UUID, username VARCHAR(255), description TEXT NOT NULL,
    severity VARCHAR(20) NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical', 'info')),
    action VARCHAR(50) NOT NULL, file_path TEXT, file_name TEXT, file_size INTEGER, file_hash VARCHAR(64),
    classification JSON, classification_label UUID, classification_level VARCHAR(50),
    confidence_score DOUBLE PRECISION, policy_id UUID, policy_name TEXT, policy_violated TEXT, channel VARCHAR(50),
    decision VARCHAR(30), destination TEXT, destination_details JSON, source_ip INET, destination_ip INET,
    protocol VARCHAR(20), details JSON, tags JSON, department VARCHAR(255) DEFAULT 'DEFAULT' NOT NULL,
    required_clearance INTEGER DEFAULT 0 NOT NULL, status VARCHAR(20) DEFAULT 'new' NOT NULL,
    reviewed VARCHAR(20) DEFAULT 'no' NOT NULL, reviewed_by UUID, reviewed_at TIMESTAMP WITH TIME ZONE,
    timestamp TIMESTAMP WITH TIME ZONE NOT NULL, created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE
);
CREATE TABLE audit_logs (
    id UUID PRIMARY KEY, user_id UUID REFERENCES users(id) ON DELETE SET NULL, action VARCHAR(100) NOT NULL,
    details JSONB, created_at TIMESTAMP WITH TIME ZONE NOT NULL
);
"""

INDEXES = """
CREATE INDEX ix_events_timestamp ON events (timestamp);
CREATE INDEX idx_event_severity_timestamp ON events (severity, timestamp);
CREATE INDEX ix_audit_logs_created_at ON audit_logs (created_at);
"""

TABLES = ("audit_logs", "events", "policies", "agents", "users")
"""All tables, those that refer to others first."""

COLUMNS = {
    "users": (
        *("id", "username", "email", "hashed_password", "full_name", "role", "department", "organization"),
        *("is_active", "created_at"),
    ),
    "agents": (
        *("id", "agent_id", "agent_code", "name", "hostname", "os", "ip_address", "version", "status", "last_seen"),
        *("last_heartbeat", "deleted_at", "created_at"),
    ),
    "policies": (
        *("id", "name", "description", "status", "enabled", "priority", "type", "domain", "severity", "conditions"),
        *("actions", "compliance_tags", "created_at", "updated_at"),
    ),
    "events": (
        *("id", "event_id", "event_type", "event_subtype", "agent_id", "source_type", "user_email", "username"),
        *("description", "severity", "action", "file_path", "file_name", "file_size", "file_hash", "classification"),
        *("classification_level", "confidence_score", "policy_id", "policy_name", "policy_violated", "channel"),
        *("decision", "destination", "source_ip", "destination_ip", "protocol", "details", "department"),
        *("required_clearance", "status", "reviewed", "timestamp", "created_at", "updated_at"),
    ),
    "audit_logs": ("id", "user_id", "action", "details", "created_at"),
}
"""Columns the demo fills, per table."""
