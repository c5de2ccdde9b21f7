"""Cinder's API, scheduler and volume service in one process of green threads.

cinder_all.py PORT --config-file FILE
"""
import sys

import lifeline

lifeline.watch()

import eventlet  # noqa: E402

eventlet.monkey_patch()
import __original_module_threading as original  # noqa: E402
import threading  # noqa: E402

original.current_thread.__globals__['_active'] = threading._active

port = int(sys.argv[1])
sys.argv = ['cinder-all', *sys.argv[2:]]

import os_brick  # noqa: E402
from cinder.cmd import volume  # noqa: E402  (its options come before the configuration is read)
from cinder.wsgi import wsgi  # noqa: E402
from eventlet import wsgi as server  # noqa: E402

application = wsgi.initialize_application()

from cinder import service  # noqa: E402
from cinder.common import constants  # noqa: E402

CONF = wsgi.CONF
os_brick.setup(CONF)
report = service.Service.report_state


def report_own(self):
    # Cinder keeps the id of "the" service of a process in the class: each has its own here.
    service.Service.service_id = self.origin_service_id
    report(self)


service.Service.report_state = report_own
RUNNING = []
for backend in CONF.enabled_backends:
    CONF.register_opt(volume.host_opt, group=backend)
    one = service.Service.create(host=f'{CONF.host}@{backend}', service_name=backend, binary=constants.VOLUME_BINARY, coordination=True)
    one.start()
    RUNNING.append(one)

# The scheduler sleeps for a period when it starts: nobody else has to wait for that.
scheduler = service.Service.create(binary='cinder-scheduler')
RUNNING.append(scheduler)
eventlet.spawn_n(scheduler.start)
server.server(eventlet.listen(('127.0.0.1', port)), application, custom_pool=eventlet.GreenPool(50), log_output=False)
