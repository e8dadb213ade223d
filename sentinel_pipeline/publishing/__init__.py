"""Where an edition becomes a folder: what it says, its files, manifest and checksums, and how to check them."""
