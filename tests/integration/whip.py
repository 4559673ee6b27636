"""WHIP (RFC 9725) as a client has it: requests, and what comes of them."""

import http.client
import re
import urllib.parse

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
TIMEOUT_S = 30


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read().decode()

    def __repr__(self):
        return f"{self.status}: {self.body!r}"


def request(gateway, method, path, body=None, **headers):
    """One request. Underscores in the names of headers are hyphens."""
    url = urllib.parse.urlsplit(gateway.http_url)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=TIMEOUT_S)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Reply(connection.getresponse())
    finally:
        connection.close()


def post(gateway, offer, path="/whip", content_type=SDP, **headers):
    return request(gateway, "POST", path, offer, Content_Type=content_type, **headers)


class Session:
    """That of an offer which has been answered."""

    def __init__(self, gateway, offer, path="/whip", **headers):
        self.gateway, self.offer = gateway, offer
        self.reply = post(gateway, offer, path, **headers)
        assert self.reply.status == 201, self.reply
        self.path, self.etag = self.reply.headers["Location"], self.reply.headers["ETag"]

    def request(self, method, body=None, **headers):
        return request(self.gateway, method, self.path, body, **headers)

    def patch(self, fragment, content_type=FRAGMENT, **headers):
        return self.request("PATCH", fragment, Content_Type=content_type, **headers)

    def delete(self):
        return self.request("DELETE")


def credentials_of(sdp):
    return "".join(re.search(rf"a=ice-{name}:.*\r\n", sdp).group() for name in ("ufrag", "pwd"))


def fragment_of(offer, *candidates, is_last=False):
    lines = [f"a={candidate}\r\n" for candidate in candidates] + ["a=end-of-candidates\r\n"] * is_last
    return credentials_of(offer) + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" + "".join(lines)
