"""What must never be forgotten, in SQL: deliveries, subscriptions, and a record of every change that cannot be bent."""
