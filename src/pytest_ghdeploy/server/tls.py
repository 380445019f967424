"""Certificates for the live server, made for this run. Only clients that are given the CA trust them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

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


def authority_pem() -> bytes:
    """Return the CA certificate in PEM format."""
    return authority().cert_pem.bytes()


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
        msg = "serve(tls=True) needs trustme to make a certificate: pip install 'pytest-ghdeploy[tls]'"
        raise FakeError(msg) from None
    return CA(organization_name="pytest-ghdeploy")
