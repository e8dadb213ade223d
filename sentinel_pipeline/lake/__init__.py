"""Where extracted tables and daily statistics lie, and how source systems come into it."""
