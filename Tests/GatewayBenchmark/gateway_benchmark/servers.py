"""nginx as the upstream server, and nginx and HAProxy as proxies, with their configuration files."""

import os
from dataclasses import dataclass
from pathlib import Path

from gateway_benchmark.processes import Server, free_port, listens

MODULE = Path("/usr/lib/nginx/modules/ngx_http_echo_module.so")
SMALL = (
    '{"id":4711,"name":"Ada Lovelace","email":"ada@example.com","role":"developer","active":true,'
    '"tags":["alpha","beta","gamma"],"created_at":"2026-11-23T20:11:37Z","balance":1234.56,"note":"small answer"}'
)
SIZES = {"k1": 1 << 10, "k64": 1 << 16, "m10": 10 << 20}


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    @property
    def both(self) -> Path:
        return self.certificate.with_suffix(".both")


# A start under callgrind takes this long at most.
PATIENCE = 120.0


def start(
    name: str, work: Path, port: int, workers: int, http: str, command: tuple[str, ...] = (), has_log: bool = False
) -> Server:
    """Starts nginx with the content of its `http` block. It listens on the port once this returns.

    Its log of calls goes to the file that has its output.
    """
    folder = work / name
    folder.mkdir(exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(
        f"  {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path = folder / "nginx.conf"
    path.write_text(f"""
load_module {MODULE};
{user}
daemon off;
{"master_process off;" if command else ""}
worker_processes {workers};
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 5000; }}
http {{
  access_log {f"{work}/{name}.log combined" if has_log else "off"};
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  client_max_body_size 0;
{temporary}
{http}
}}
""")
    server = Server(name, [*command, "nginx", "-e", f"{folder}/error.log", "-c", str(path)], work)
    server.wait_until(lambda: listens(port), PATIENCE)
    return server


def start_upstream(work: Path, workers: int) -> tuple[Server, int]:
    """Starts the server behind every proxy.

    It answers fixed JSON for /small and /things…, files for /k1, /k64 and /m10, fixed JSON after a body for /sink, and after
    5 ms for /slow.
    """
    files = work / "files"
    files.mkdir(exist_ok=True)
    for name, size in SIZES.items():
        (files / name).write_bytes(os.urandom(size))
    port = free_port()
    http = f"""
  open_file_cache max=100;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /small {{ default_type application/json; return 200 '{SMALL}'; }}
    location /things {{ default_type application/json; return 200 '{SMALL}'; }}
    location = /sink {{ client_body_buffer_size 16m; echo_read_request_body; echo_exec /small; }}
    location = /slow {{ echo_sleep 0.005; echo_exec /small; }}
    location / {{ root {files}; }}
  }}"""
    return start("upstream", work, port, workers, http), port


def start_nginx(
    work: Path,
    upstream: int,
    connections: int,
    routes: list[str],
    certificate: Certificate | None,
    command: tuple[str, ...] = (),
    has_log: bool = False,
) -> tuple[Server, int]:
    """Starts nginx as a proxy. Each route is a prefix of a path; the part /api/rest/NAME/VERSION is taken off.

    With the words of another program before it, such as callgrind, nginx is one process.
    """
    port = free_port()
    tls = f"ssl_certificate {certificate.certificate}; ssl_certificate_key {certificate.key};" if certificate else ""
    locations = "\n".join(
        f"    location {route} {{ proxy_pass http://upstream/{route.split('/', 5)[5]}; }}" for route in routes
    )
    http = f"""
  upstream upstream {{ server 127.0.0.1:{upstream}; keepalive {max(64, connections)}; keepalive_requests 1000000000; }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_request_buffering off;
  proxy_max_temp_file_size 0;
  server {{
    listen 127.0.0.1:{port}{" ssl" if certificate else ""} backlog=4096;
    {tls}
{locations}
  }}"""
    return start("nginx", work, port, 2, http, command, has_log), port


def start_haproxy(
    work: Path,
    upstream: int,
    routes: list[str],
    certificate: Certificate | None,
    command: tuple[str, ...] = (),
    has_log: bool = False,
) -> tuple[Server, int]:
    """Starts HAProxy with the same routes."""
    port = free_port()
    folder = work / "haproxy"
    folder.mkdir(exist_ok=True)
    (folder / "routes").write_text("".join(f"{route} upstream\n" for route in routes))
    path = folder / "haproxy.cfg"
    tls = f" ssl crt {certificate.both}" if certificate else ""
    path.write_text(f"""
global
  nbthread {1 if command else 2}
  maxconn 4000
  {"log stdout format raw local0" if has_log else ""}
defaults
  mode http
  {"log global" if has_log else ""}
  {"option httplog" if has_log else ""}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 300s
  http-reuse always
frontend clients
  bind 127.0.0.1:{port} backlog 4096{tls}
  use_backend %[path,map_beg({folder}/routes,none)]
backend upstream
  http-request set-path /%[path,field(6,/,0)]
  server one 127.0.0.1:{upstream}
backend none
  http-request return status 404
""")
    server = Server("haproxy", [*command, "haproxy", "-db", "-f", str(path)], work)
    server.wait_until(lambda: listens(port), PATIENCE)
    return server, port
