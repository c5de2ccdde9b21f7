"""Tells databases where they are now, and lets readers and a writer of each work side by side.

move.py FOLDER OLD_FOLDER (SERVICE_TYPE OWN_URL SHOWN_URL)...   the services use the first among themselves
"""
import glob
import sqlite3
import sys

folder, old, *rest = sys.argv[1:]
for file in glob.glob(f'{folder}/*.sqlite'):
    with sqlite3.connect(file) as database:
        database.execute('PRAGMA journal_mode=WAL')
with sqlite3.connect(f'{folder}/nova_api.sqlite') as nova:
    nova.execute('UPDATE cell_mappings SET database_connection = replace(database_connection, ?, ?)', (old, folder))
SET = 'UPDATE endpoint SET url = ? WHERE service_id IN (SELECT id FROM service WHERE type = ?) AND (interface = ?) = ?'
with sqlite3.connect(f'{folder}/keystone.sqlite') as keystone:
    for kind, own, shown in zip(rest[::3], rest[1::3], rest[2::3]):
        keystone.execute(SET, (own, kind, 'public', False))
        keystone.execute(SET, (shown, kind, 'public', True))
