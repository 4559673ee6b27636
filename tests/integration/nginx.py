"""The real nginx with the configuration of deploy/nginx.conf, changed only where it has to be for a test."""

import os
import pathlib
import signal
import socket
import subprocess

import harness

NGINX = "/usr/sbin/nginx"
RECIPE = harness.SOURCE_ROOT / "deploy" / "nginx.conf"
AROUND = """daemon off;
pid nginx.pid;
error_log stderr;
worker_shutdown_timeout 1s;
events {{ }}
http {{
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
{recipe}
}}
"""


def change(text, old, new):
    assert text.count(old) == 1, f"the recipe has {old!r} {text.count(old)} times"
    return text.replace(old, new)


def is_installed():
    return pathlib.Path(NGINX).exists()


class Nginx:
    """Serves https on a port of its own, which it inherits as a socket, so that nobody can take it meanwhile. changes: of
    the recipe, pairs of old and new."""

    def __init__(self, directory, gateway_url, certificate, key, changes=()):
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.port, plain_port = (listener.getsockname()[1] for listener in listeners)
        self.home = pathlib.Path(directory)
        self.access_log = self.home / "access.log"
        recipe = RECIPE.read_text()
        for old, new in [("    listen 80;", f"    listen 127.0.0.1:{plain_port};"), ("    listen [::]:80;\n", ""),
                         ("    listen 443 ssl;", f"    listen 127.0.0.1:{self.port} ssl;"), ("    listen [::]:443 ssl;\n", ""),
                         ("http://127.0.0.1:8080", gateway_url.rstrip("/")),
                         ("/etc/ssl/voice.example.com.pem", str(certificate)),
                         ("/etc/ssl/voice.example.com.key", str(key)),
                         ("/var/log/nginx/voice-gateway.log", str(self.access_log)),
                         ("/var/log/nginx/voice-gateway.error.log", str(self.home / "error.log")), *changes]:
            recipe = change(recipe, old, new)
        recipe = recipe.replace("server_name voice.example.com", "server_name localhost")
        (self.home / "nginx.conf").write_text(AROUND.format(recipe=recipe))
        self.plain_url = f"http://localhost:{plain_port}"
        self.origin = f"https://localhost:{self.port}"
        self.log = open(self.home / "nginx.log", "w+", encoding="utf-8")
        fds = [listener.fileno() for listener in listeners]
        self.process = subprocess.Popen(
            [NGINX, "-p", self.home, "-c", self.home / "nginx.conf"], stderr=self.log, stdin=subprocess.DEVNULL,
            pass_fds=fds, env={**os.environ, "NGINX": "".join(f"{fd};" for fd in fds)})
        for listener in listeners:
            listener.close()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def read_access_log(self):
        return self.access_log.read_text() if self.access_log.exists() else ""

    def stop(self):
        """Ends it; returns what is wrong in its log, as text."""
        self.process.terminate()
        self.process.wait(30)
        self.log.seek(0)
        lines = self.log.read().splitlines()
        self.log.close()
        return "\n".join(line for line in lines if "[crit]" in line or "[emerg]" in line)
