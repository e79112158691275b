"""One child process of the gateway: `python -m inspector.gateway NAME --runtime DIR [STATION]`.

The supervisor starts it; a person does not need to.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import signal
import sys
from pathlib import Path

from inspector.config.site import saved_site
from inspector.errors import InspectorError
from inspector.gateway.child import die_with_parent
from inspector.ipc import Runtime

PROCESSES = {
    "line": "line_process",
    "recorder": "recorder_process",
    "web": "web_process",
    "scada": "scada_process",
    "watches": "watches_process",
    "worker": "worker_process",
    "demo-plc": "demo_plc_process",
    "demo-cameras": "demo_cameras_process",
}

LIBRARIES = {
    "asyncua": logging.CRITICAL + 1,
    "alembic": logging.WARNING,
    "waitress": logging.WARNING,
}
"""What libraries may say; their errors come to us as exceptions, which we put into words."""


def main() -> int:
    """Run one process until SIGTERM; 0 when it ended as asked, 1 when it could not go on."""
    parser = argparse.ArgumentParser(prog="python -m inspector.gateway")
    parser.add_argument("name", choices=sorted(PROCESSES))
    parser.add_argument("station", nargs="?")
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args()
    die_with_parent(arguments.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor, which asks
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {arguments.name} %(message)s")
    for library, level in LIBRARIES.items():
        logging.getLogger(library).setLevel(level)
    runtime = Runtime(arguments.runtime)
    site = saved_site(runtime.site_file)
    process = importlib.import_module(f"inspector.gateway.{PROCESSES[arguments.name]}")
    try:
        if arguments.station:
            process.main(site, runtime, arguments.station)
        else:
            process.main(site, runtime)
    except InspectorError as error:
        logging.error("%s", error)  # noqa: LOG015, TRY400 - one line for people, no traceback
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
