"""Serves a WSGI application in this one process, by threads: services that talk over `fake://` must not fork.

serve.py MODULE PORT THREADS [--oslo-threading]
"""
import importlib
import os
import sys
import traceback

import lifeline

module, port, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
flags = sys.argv[4:]
sys.argv = [module]
lifeline.watch()
if '--oslo-threading' in flags:
    from oslo_service import backend
    backend.init_backend(backend.BackendType.THREADING)
try:
    application = importlib.import_module(module).application
except BaseException:
    traceback.print_exc()
    os._exit(1)   # threads that run already must not keep half a service alive

from waitress import serve  # noqa: E402

serve(application, host='127.0.0.1', port=port, threads=threads, clear_untrusted_proxy_headers=True, ident=None)
