"""What people ask for beside the schedules: reports of days of their own choice. Knows nothing of Dagster."""
