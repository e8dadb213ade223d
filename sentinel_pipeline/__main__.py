"""`python -m sentinel_pipeline` is the `sentinel` command."""

from sentinel_pipeline.cli import main

if __name__ == "__main__":
    main()
