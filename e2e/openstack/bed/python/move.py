"""Tells databases where they are now, and lets readers and a writer of each work side by side.

move.py FOLDER OLD_FOLDER (OLD_URL NEW_URL)...
"""
import glob
import sqlite3
import sys

folder, old, *urls = sys.argv[1:]
pairs = list(zip(urls[::2], urls[1::2]))
for file in glob.glob(f'{folder}/*.sqlite'):
    with sqlite3.connect(file) as database:
        database.execute('PRAGMA journal_mode=WAL')
with sqlite3.connect(f'{folder}/nova_api.sqlite') as nova:
    nova.execute('UPDATE cell_mappings SET database_connection = replace(database_connection, ?, ?)', (old, folder))
with sqlite3.connect(f'{folder}/keystone.sqlite') as keystone:
    # By way of names that nothing else has: a new port may be another one's old one.
    for number, (before, _) in enumerate(pairs):
        keystone.execute('UPDATE endpoint SET url = replace(url, ?, ?)', (before, f'<{number}>'))
    for number, (_, after) in enumerate(pairs):
        keystone.execute('UPDATE endpoint SET url = replace(url, ?, ?)', (f'<{number}>', after))
