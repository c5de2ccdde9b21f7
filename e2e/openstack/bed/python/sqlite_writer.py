"""SQLite's write lock is taken when a transaction begins: threads then queue, where they would fail later.

Only for services that never open a second connection within a transaction.
"""
from sqlalchemy import event, text
from sqlalchemy.engine import Engine


@event.listens_for(Engine, 'begin')
def begin(connection):
    if connection.dialect.name == 'sqlite' and 'in_transaction' not in connection.info:
        connection.execute(text('BEGIN IMMEDIATE'))
        connection.info['in_transaction'] = True   # oslo.db leaves out its own BEGIN then
