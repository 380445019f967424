"""Certificates for the live server, made for this run: nobody trusts them who was not told to."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pytest_ghdeploy.errors import FakeError

if TYPE_CHECKING:
    from ssl import SSLContext

    from trustme import CA


def server_context(*names: str) -> SSLContext:
    """
    Make the server's side of TLS, for hosts of these *names* and addresses.

    Raises:
        FakeError: trustme is not installed.
    """
    import ssl  # only who speaks HTTPS needs it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    authority().issue_cert(*names).configure_cert(context)
    return context


def authority_pem() -> bytes:
    """Give the certificate of the authority that signs the others, as a file of CAs has it."""
    return authority().cert_pem.bytes()


@cache
def authority() -> CA:
    """
    Make an authority, once for the process.

    Raises:
        FakeError: trustme is not installed.
    """
    try:
        from trustme import CA
    except ImportError:
        msg = "serve(tls=True) makes a certificate with trustme: pip install pytest-ghdeploy[tls]"
        raise FakeError(msg) from None
    return CA(organization_name="pytest-ghdeploy")
