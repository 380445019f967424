"""
Variables of environments.

Source:
    https://docs.github.com/rest/actions/variables
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_ghdeploy import errors
from pytest_ghdeploy.api import environments
from pytest_ghdeploy.api.routing import Call, Listing, Reply, route
from pytest_ghdeploy.github import refusals, refusals_secrets
from pytest_ghdeploy.github.environment_secrets import EnvironmentVariable
from pytest_ghdeploy.github.rules import secrets as rules
from pytest_ghdeploy.serializers import secrets as as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_ghdeploy.github.model import Environment
    from pytest_ghdeploy.store.store import Store

PERMISSION = "environments"

_VARIABLES = "/repos/{owner}/{repo}/environments/{environment_name}/variables"


def create(store: Store, environment: Environment, *, name: str, value: str) -> EnvironmentVariable:
    """
    Create a variable.

    Args:
        name: Letters, digits and ``_``, in any case. GitHub stores it in upper case.

        value: At most 48 KB of UTF-8.

    Raises:
        Conflict: The environment has a variable with this name. Nothing has changed.
        Unprocessable: The name or value is not allowed, or the environment has 100 variables. Nothing has changed.

    Source:
        https://docs.github.com/rest/actions/variables#create-an-environment-variable
    """
    name = _new_name(store, environment, name)
    rules.check_value("Variable", len(value.encode(errors="surrogatepass")))
    rules.check_count("Variable", len(of(store, environment)))
    now = store.clock.now
    variable_id = store.environment_variables.next_id
    row = EnvironmentVariable(variable_id, environment.repository_id, environment.id, name, value, now, now)
    return store.environment_variables.add(row)


def update(
    store: Store,
    environment: Environment,
    variable: EnvironmentVariable,
    *,
    name: str | None = None,
    value: str | None = None,
) -> EnvironmentVariable:
    """
    Rename a variable, or change its value. Arguments that are ``None`` change nothing.

    Raises:
        Conflict: Another variable of the environment has the name [guess]. Nothing has changed.
        Unprocessable: The name or value is not allowed. Nothing has changed.

    Source:
        https://docs.github.com/rest/actions/variables#update-an-environment-variable
    """
    changed = variable
    if name is not None and name.upper() != variable.name:
        changed = changed._replace(name=_new_name(store, environment, name))
    if value is not None:
        rules.check_value("Variable", len(value.encode(errors="surrogatepass")))
        changed = changed._replace(value=value)
    if changed == variable:
        return variable
    return store.environment_variables.replace(changed._replace(updated_at=store.clock.now))


def _new_name(store: Store, environment: Environment, name: str) -> str:
    name = rules.stored_name("Variable", name)
    if lookup(store, environment, name):
        raise refusals_secrets.variable_exists(f"environment {environment.name!r} already has a variable {name!r}")
    return name


def lookup(store: Store, environment: Environment, name: str) -> EnvironmentVariable | None:
    """Find a variable by its name, in any case."""
    rows = store.environment_variables.where(environment_id=environment.id, name=name.upper())
    return rows[0] if rows else None


def of(store: Store, environment: Environment) -> Sequence[EnvironmentVariable]:
    """List the variables of an environment, newest first."""
    return store.environment_variables.where(environment_id=environment.id)


def find(call: Call) -> EnvironmentVariable:
    """
    Look up the variable in the path.

    Raises:
        NotFound: The environment has no such variable.
    """
    environment, name = environments.find(call), call.params["name"]
    row = lookup(call.store, environment, name)
    if row is None:
        known = errors.known_values(name, (variable.name for variable in of(call.store, environment)))
        raise refusals.not_found(f"environment {environment.name!r} has no variable {name!r}; {known}")
    return row


@route("actions/list-environment-variables", f"GET {_VARIABLES}", needs="push", finds=environments.find)
def list_environment_variables(call: Call) -> Reply:
    """
    List the variables of an environment in alphabetical order [guess], 10 on a page.

    As recorded, ``total_count`` is the last member, unlike in the list of secrets.
    """
    rows = sorted(of(call.store, call.found), key=lambda row: row.name)
    around = {"variables": None, "total_count": len(rows)}
    return Reply(200, Listing(rows, as_json.variable, "variables", around))


@route("actions/create-environment-variable", f"POST {_VARIABLES}", finds=environments.find)
def create_environment_variable(call: Call) -> Reply:
    """Create a variable. As recorded, the body is an empty object, and there is no ``Location``."""
    create(call.store, call.found, **call.arguments_for(create))
    return Reply(201, {})


@route("actions/get-environment-variable", f"GET {_VARIABLES}/{{name}}", needs="push", finds=find)
def get_environment_variable(call: Call) -> Reply:
    """Show a variable with its value."""
    return Reply(200, as_json.variable(call.found))


@route("actions/update-environment-variable", f"PATCH {_VARIABLES}/{{name}}", finds=find)
def update_environment_variable(call: Call) -> Reply:
    """Rename a variable, or change its value."""
    update(call.store, environments.find(call), call.found, **call.arguments_for(update))
    return Reply(204)


@route("actions/delete-environment-variable", f"DELETE {_VARIABLES}/{{name}}", finds=find)
def delete_environment_variable(call: Call) -> Reply:
    """Delete a variable."""
    call.store.environment_variables.remove(call.found)
    return Reply(204)
