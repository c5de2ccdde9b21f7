"""Machines (a volume from an image, a port, a server) made and deleted with openstacksdk, as in a script of somebody who knows it.

Reads what to do as JSON from the standard input; prints the seconds that it took, without the time to import the library.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import openstack


def main():
    order = json.load(sys.stdin)
    start = time.monotonic()
    with openstack.connection.Connection(
        auth=order["auth"], region_name=order["region"], identity_api_version="3"
    ) as cloud:
        work = create if order["do"] == "create" else delete
        run(order["threads"], lambda name: work(cloud, order, name), order["names"])
    print(json.dumps({"seconds": time.monotonic() - start}))


def run(threads, work, names):
    if threads == 1:
        for name in names:
            work(name)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(work, names):
            pass


def create(cloud, order, name):
    interval = order["interval"]
    volume = cloud.block_storage.create_volume(
        name=name, size=order["size"], image_id=order["image"]
    )
    cloud.block_storage.wait_for_status(volume, "available", failures=["error"], interval=interval, wait=1800)
    port = cloud.network.create_port(
        name=name, network_id=order["network"], fixed_ips=[{"subnet_id": order["subnet"]}], security_groups=[]
    )
    server = cloud.compute.create_server(
        name=name,
        flavor_id=order["flavor"],
        networks=[{"port": port.id}],
        block_device_mapping=[
            {
                "boot_index": 0,
                "uuid": volume.id,
                "source_type": "volume",
                "destination_type": "volume",
                "delete_on_termination": False,
            }
        ],
    )
    cloud.compute.wait_for_server(server, interval=interval, wait=1800)


def delete(cloud, order, name):
    interval = order["interval"]
    server = cloud.compute.find_server(name, ignore_missing=False)
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=interval, wait=1800)
    cloud.network.delete_port(cloud.network.find_port(name, ignore_missing=False))
    volume = cloud.block_storage.find_volume(name, ignore_missing=False)
    cloud.block_storage.delete_volume(volume)
    cloud.block_storage.wait_for_delete(volume, interval=interval, wait=1800)


main()
