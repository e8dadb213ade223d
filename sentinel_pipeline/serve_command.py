"""`sentinel serve`: the portal alone."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from sentinel_pipeline.terminal import configured, say


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--public-url", default="", help="The HTTPS address of the proxy in front, for others than this machine.")
def serve(host: str, port: int, public_url: str) -> None:
    """Serves the portal: what is published, for who may see it, until it is stopped."""
    from sentinel_pipeline.portal.listening import Place
    from sentinel_pipeline.portal.serving import serve as run

    run(configured(), Place(host, port, public_url), lambda: datetime.now(UTC), say)
