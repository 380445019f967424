"""Certificates for the live server, made for this run. Only clients that are given the CA trust them."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import finalize

from pytest_ghdeploy.errors import FakeError

if TYPE_CHECKING:
    from ssl import SSLContext

    from trustme import CA


def server_context(*names: str) -> SSLContext:
    """
    Make a context for the server's side of TLS, valid for these host *names* and addresses.

    Raises:
        FakeError: trustme is not installed.
    """
    import ssl  # only HTTPS needs it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority().issue_cert(*names).configure_cert(context)
    return context


def tunnel_context(host: str) -> SSLContext:
    """
    Return a context for the server's end of tunnels to *host*.

    Raises:
        ValueError: No certificate can have this name.
        FakeError: trustme is not installed.
    """
    return _context_by(authority(), host)


@lru_cache(64)
def _context_by(_: CA, host: str) -> SSLContext:
    return server_context(host)


class CaFile:
    """A file with the CA certificate, for clients. It is removed with this object, or by ``remove``."""

    def __init__(self) -> None:
        """
        Write the file, into a folder of its own.

        Raises:
            FakeError: trustme is not installed.
        """
        certificate = authority().cert_pem.bytes()
        folder = tempfile.mkdtemp(prefix="ghdeploy-")
        self.remove = finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = str(Path(folder, "ca.pem"))
        Path(self.path).write_bytes(certificate)


@cache
def authority() -> CA:
    """
    Make a CA, once per process.

    Raises:
        FakeError: trustme is not installed.
    """
    try:
        from trustme import CA
    except ImportError:
        msg = (
            "serve(tls=True) and serve(proxy=True) need trustme to make a certificate: "
            "pip install 'pytest-ghdeploy[tls]'"
        )
        raise FakeError(msg) from None
    return CA(organization_name="pytest-ghdeploy")
