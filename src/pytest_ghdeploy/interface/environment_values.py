"""The handles of an environment's secrets and variables. Like those in ``resources``, they read the current state."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_ghdeploy.errors import FakeError
from pytest_ghdeploy.github.environment_secrets import private_key
from pytest_ghdeploy.interface.resources import _Field, _Handle
from pytest_ghdeploy.public import public

if TYPE_CHECKING:
    from pytest_ghdeploy.github import environment_secrets as model
    from pytest_ghdeploy.store.tables import Table


@public
class EnvironmentSecret(_Handle):
    """
    A secret of an environment.

    GitHub shows neither ``encrypted_value`` nor ``key_id``: they are what the client has sent.
    """

    __slots__ = ()
    _kind = "environment secret"

    name = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()
    encrypted_value = _Field[str]()
    key_id = _Field[str]()

    def _table(self) -> Table[model.EnvironmentSecret]:
        return self._store.environment_secrets

    def decrypted(self) -> str:
        """
        Decrypt the value with the environment's private key, as a workflow on GitHub would get it.

        Raises:
            FakeError: PyNaCl is not installed, or the value was not encrypted with the environment's public key.
        """
        try:
            from nacl.exceptions import CryptoError
            from nacl.public import PrivateKey, SealedBox
        except ImportError:
            msg = "EnvironmentSecret.decrypted needs PyNaCl: pip install pynacl"
            raise FakeError(msg) from None
        with self._store.lock:
            row: model.EnvironmentSecret = self._row
        box = SealedBox(PrivateKey(private_key(row.environment_id)))
        try:
            return box.decrypt(base64.b64decode(row.encrypted_value)).decode()
        except (CryptoError, ValueError):
            msg = f"the secret {row.name} is not text that was encrypted with the public key of its environment"
            raise FakeError(msg) from None


@public
class EnvironmentVariable(_Handle):
    """A variable of an environment."""

    __slots__ = ()
    _kind = "environment variable"

    name = _Field[str]()
    value = _Field[str]()
    created_at = _Field[datetime]()
    updated_at = _Field[datetime]()

    def _table(self) -> Table[model.EnvironmentVariable]:
        return self._store.environment_variables
