"""Nova's API, conductor, scheduler and compute in one process: `fake://` carries messages within one process only."""
import os
import shlex

os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', '1')
from nova import monkey_patch  # noqa: E402

monkey_patch.patch(backend='threading')
import sqlite_writer  # noqa: E402,F401
from nova.api.openstack import wsgi_app  # noqa: E402

application = wsgi_app.init_application('osapi_compute', 'nova-api-os-compute')

import nova.conf  # noqa: E402
import os_brick  # noqa: E402
import os_vif  # noqa: E402
from nova import objects, service, utils  # noqa: E402
from nova.compute import rpcapi as compute  # noqa: E402
from nova.conductor import rpcapi as conductor  # noqa: E402
from nova.scheduler import rpcapi as scheduler  # noqa: E402
from oslo_privsep import priv_context  # noqa: E402

priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
objects.register_all()
os_brick.setup(nova.conf.CONF)
os_vif.initialize()

RUNNING = []
for binary, rpc in (('nova-conductor', conductor), ('nova-scheduler', scheduler), ('nova-compute', compute)):
    second = getattr(rpc, 'RPC_TOPIC_ALT', None) if rpc is compute else None
    one = service.Service.create(binary=binary, topic=rpc.RPC_TOPIC, **({'topic_alt': second} if second else {}))
    one.start()
    RUNNING.append(one)
