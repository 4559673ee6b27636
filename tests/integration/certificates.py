"""Certificates for the tests, made by openssl as an operator makes them."""

import datetime
import ssl
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def server_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def self_signed(directory, host="localhost"):
    """The paths of a certificate for host that no authority has signed, and of its key."""
    certificate, key = directory / "self-signed.pem", directory / "self-signed.key"
    openssl("req", "-x509", *KEY, "-keyout", key, "-out", certificate, "-subj", f"/CN={host}", "-days", 2,
            "-addext", f"subjectAltName=DNS:{host}")
    return certificate, key


class Authority:
    """A private authority, in files of the directory."""

    def __init__(self, directory, name="authority"):
        self.directory, self.name = directory, name
        self.certificate, self.key = directory / f"{name}.pem", directory / f"{name}.key"
        openssl("req", "-x509", *KEY, "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}",
                "-days", 2, "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # Python 3.13 asks for it

    @staticmethod
    def _validity(days):
        """OpenSSL 3.4 and later refuse a negative number of days, and have the dates instead."""
        version = subprocess.run(["openssl", "version"], check=True, capture_output=True, text=True).stdout.split()[1]
        if days >= 0 or tuple(map(int, version.split(".")[:2])) < (3, 4):
            return ["-days", days]
        now = datetime.datetime.now(datetime.timezone.utc)
        dates = (now + datetime.timedelta(days=number) for number in (days - 1, days))
        return [part for option, date in zip(("-not_before", "-not_after"), dates)
                for part in (option, date.strftime("%Y%m%d%H%M%SZ"))]

    def issue(self, host="localhost", days=2, kind="DNS"):
        """The paths of a certificate for host, and of its key. With -1 day it has expired."""
        stem = self.directory / f"{self.name}-{host}-{days}"
        certificate, key, request, extensions = (stem.with_name(stem.name + end)
                                                 for end in (".pem", ".key", ".csr", ".ext"))
        extensions.write_text(f"subjectAltName={kind}:{host}\n")
        openssl("req", "-new", *KEY, "-keyout", key, "-out", request, "-subj", f"/CN={host}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                *self._validity(days), "-extfile", extensions, "-out", certificate)
        return certificate, key
