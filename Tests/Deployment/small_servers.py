"""Small HTTP servers for tests, each on a port that the system chooses."""

import threading
from http.server import ThreadingHTTPServer


class Answers:
    """The part of a `BaseHTTPRequestHandler` that keeps connections and prints nothing."""

    protocol_version = "HTTP/1.1"
    # A connection that is forgotten must not hold the server back.
    timeout = 10

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(test, handler, **state):
    """Starts a server, which ends with the test. `state` becomes attributes of the server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    vars(server).update(state)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    test.addCleanup(lambda: (server.shutdown(), server.server_close()))
    return server
