"""Neutron's tables, made of its models: the chain of its migrations is for MySQL and PostgreSQL.

neutron_schema.py --config-file FILE
"""
import sys

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from neutron.common import config
from neutron.db.migration import cli
from neutron.db.migration.models import head  # noqa: F401  (all models)
from neutron_lib.db import model_base
from oslo_config import cfg
from oslo_db import options
from sqlalchemy import create_engine

config.register_common_config_options()
config.init(sys.argv[1:])
cfg.CONF.register_opts(options.database_opts, 'database')
engine = create_engine(cfg.CONF.database.connection)
model_base.BASEV2.metadata.create_all(engine)
for conf in cli.get_alembic_configs():
    script = ScriptDirectory.from_config(conf)
    with engine.begin() as connection:
        MigrationContext.configure(connection, opts={'version_table': 'alembic_version'}).stamp(script, script.get_heads())
