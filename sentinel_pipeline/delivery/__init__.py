"""How editions reach people: subscriptions, parcels, channels, and the outbox that sends each parcel once."""
