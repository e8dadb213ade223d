"""`sentinel users` and `sentinel tokens`: who may see the portal, and what scripts may ask it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import click

from sentinel_pipeline.domain.access import PERMISSIONS, ROLES, Permission, Role
from sentinel_pipeline.domain.amounts import counted
from sentinel_pipeline.settings import data_folder, ledger_url, resolved
from sentinel_pipeline.terminal import configured, say

if TYPE_CHECKING:
    from sentinel_pipeline.ledger.database import Ledger
    from sentinel_pipeline.ledger.tokens import Token
    from sentinel_pipeline.ledger.users import User

BY = "command line"


@click.group()
def users() -> None:
    """Adds the portal's users, the first admin above all, and changes them."""


@users.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--password", help="env:NAME or file:PATH; left out: asked for.")
def add_user(name: str, role: str, password: str | None) -> None:
    """Adds a user called NAME."""
    from sentinel_pipeline.ledger.users import add

    user = add(_ledger(), name, cast(Role, role), _password(password), BY, _now())
    click.echo(f"{user.name}: {user.role}")


@users.command("list")
def list_users() -> None:
    """Lists all users, by name."""
    from sentinel_pipeline.ledger.users import everybody

    with _ledger().reading() as connection:
        found = everybody(connection)
    _show([_user_line(user, _now()) for user in found], "user")


@users.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
def change_role(name: str, role: str) -> None:
    """Gives a user another role; who is signed in has to do so again."""
    from sentinel_pipeline.ledger import users as kept

    kept.change_role(_ledger(), name, cast(Role, role), BY, _now())
    click.echo(f"{name}: {role}")


@users.command("password")
@click.argument("name")
@click.option("--password", help="env:NAME or file:PATH; left out: asked for.")
def change_password(name: str, password: str | None) -> None:
    """Gives a user another password, and unlocks who was locked out."""
    from sentinel_pipeline.ledger import users as kept

    kept.change_password(_ledger(), name, _password(password), BY, _now())
    click.echo(f"{name}: password changed")


@users.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """Keeps a user and their tokens out from now on."""
    _set_active(name, is_active=False)


@users.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """Lets a user in again."""
    _set_active(name, is_active=True)


@click.group()
def tokens() -> None:
    """Makes, lists and revokes tokens with which scripts ask the API."""


@tokens.command("add")
@click.argument("name")
@click.option("--label", required=True, help="What it is for.")
@click.option("--scope", "scopes", type=click.Choice(PERMISSIONS), multiple=True, required=True, help="Again for more.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it is good for.")
def add_token(name: str, label: str, scopes: tuple[str, ...], days: int) -> None:
    """Makes a token of the user NAME and prints it, this once."""
    from sentinel_pipeline.ledger.tokens import make

    permissions = cast(tuple[Permission, ...], scopes)
    secret = make(_ledger(), name, label, permissions, timedelta(days=days), BY, _now())
    say("keep it safe: it is not shown again")
    click.echo(secret)


@tokens.command("list")
def list_tokens() -> None:
    """Lists all tokens, without what they are."""
    from sentinel_pipeline.ledger.tokens import tokens as kept

    with _ledger().reading() as connection:
        found = kept(connection)
    _show([_token_line(token, _now()) for token in found], "token")


@tokens.command("revoke")
@click.argument("token_id")
def revoke_token(token_id: str) -> None:
    """Ends the token of that id, which `sentinel tokens list` shows."""
    from sentinel_pipeline.ledger.tokens import revoke

    revoke(_ledger(), token_id, BY, _now())
    click.echo(f"{token_id}: revoked")


def _set_active(name: str, *, is_active: bool) -> None:
    from sentinel_pipeline.ledger.users import set_active

    set_active(_ledger(), name, is_active=is_active, by=BY, at=_now())
    click.echo(f"{name}: {'enabled' if is_active else 'disabled'}")


def _show(lines: list[str], noun: str) -> None:
    for line in lines:
        click.echo(line)
    click.echo(counted(len(lines), noun))


def _ledger() -> Ledger:
    from sentinel_pipeline.ledger.database import open_ledger

    return open_ledger(ledger_url(data_folder()))


def _now() -> datetime:
    return datetime.now(UTC)


def _password(reference: str | None) -> str:
    if reference is None:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    if not reference.startswith(("env:", "file:")):
        raise click.UsageError("--password is env:NAME or file:PATH, so that no password stands in a list of processes")
    return resolved(reference, data_folder())


def _user_line(user: User, now: datetime) -> str:
    is_locked = user.locked_until is not None and now < user.locked_until
    state = "disabled" if not user.is_active else "locked out" if is_locked else "active"
    return f"{user.role:<7}  {state:<10}  since {_day(user.created_at)}  {user.name}"


def _token_line(token: Token, now: datetime) -> str:
    state = "revoked" if token.revoked_at else "expired" if now >= token.expires_at else "good"
    used = f"last used {_day(token.used_at)}" if token.used_at else "never used"
    until = f"until {_day(token.expires_at)}"
    return f"{token.token_id}  {state:<7}  {until}  {used}  {token.user}  {token.label}  {', '.join(token.scopes)}"


def _day(instant: datetime) -> str:
    return instant.astimezone(configured().zone).date().isoformat()
