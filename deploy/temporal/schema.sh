#!/bin/sh
# Makes Temporal's two databases, or brings them up to this version's schema. Run again, it does no harm.
# SQL_HOST, SQL_USER and SQL_PASSWORD say where; SCHEMA_DIR where the schemas are.
set -eu

export SQL_PLUGIN="${SQL_PLUGIN:-postgres12}" SQL_PORT="${SQL_PORT:-5432}"
schemas="${SCHEMA_DIR:-/etc/temporal/schema/postgresql/v12}"

lay() {
  temporal-sql-tool --database "$1" create-database
  temporal-sql-tool --database "$1" setup-schema --version 0.0
  temporal-sql-tool --database "$1" update-schema --schema-dir "$schemas/$2/versioned"
}

lay temporal temporal
lay temporal_visibility visibility
