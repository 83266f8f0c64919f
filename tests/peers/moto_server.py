"""Serves moto on a free port of the loopback, and says where, as our emulators do."""

import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def main():
    application = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(f"moto 127.0.0.1:{server.server_port} ready", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
