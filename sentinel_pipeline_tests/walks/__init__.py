"""The whole way, as a user walks it: from source systems to published files, with the real command."""
