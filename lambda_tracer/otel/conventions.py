"""The names of facts in OpenTelemetry's semantic conventions, new ones before old ones, and what each is called here.

https://opentelemetry.io/docs/specs/semconv/ has the new ones. Libraries go over to them one by one, each in its own
time: whatever set an attribute, it is found.
"""

from __future__ import annotations

NAMES = {
    # whom a span is about
    "remote service": ("aws.remote.service",),
    "local service": ("aws.local.service",),
    "peer": ("peer.service",),
    "host": ("server.address", "http.host", "net.peer.name"),
    # HTTP
    "method": ("http.request.method", "http.method"),
    "url": ("url.full", "http.url"),
    "scheme": ("url.scheme", "http.scheme"),
    "authority": ("http.host", "server.address", "net.host.name", "net.peer.name"),
    "port": ("server.port", "net.host.port", "net.peer.port"),
    "path": ("url.path", "http.target"),
    "query": ("url.query",),
    "user agent": ("user_agent.original", "http.user_agent"),
    "client": ("client.address", "http.client_ip"),
    "status": ("http.response.status_code", "http.status_code"),
    "length": ("http.response.body.size", "http.response_content_length"),
    # AWS
    "rpc system": ("rpc.system", "rpc.system.name"),
    "rpc service": ("rpc.service",),
    "aws service": ("aws.service",),
    "operation": ("aws.operation",),
    "rpc method": ("rpc.method",),
    "region": ("aws.region",),
    "cloud region": ("cloud.region",),
    "request id": ("aws.request_id", "aws.requestId", "aws.request.id"),
    "queue": ("aws.queue_url", "aws.queue.url", "aws.sqs.queue.url"),
    "table": ("aws.table_name", "aws.table.name"),
    "tables": ("aws.dynamodb.table_names", "aws.table_names"),
    "bucket": ("aws.s3.bucket",),
    "key": ("aws.s3.key",),
    "retries": ("retry_attempts",),
    # databases
    "database system": ("db.system.name", "db.system"),
    "database": ("db.namespace", "db.name"),
    "database host": ("server.address", "net.peer.name"),
    "database user": ("db.user",),
    "query text": ("db.query.text", "db.statement"),
    "connection string": ("db.connection_string",),
    "database operation": ("db.operation.name", "db.operation"),
    # X-Ray's own
    "annotations": ("aws.xray.annotations",),
}
"""What the mapping calls a fact -> the attributes that may hold it, in the order of preference."""

SHORT_FACTS = ("messaging.destination.name", "error.type", "gen_ai.request.model")
"""Attributes that become annotations."""

USAGE = "gen_ai.usage."
"""How attributes begin that count a model's tokens, and become annotations too."""

METADATA = "aws.xray.metadata."
"""How attributes begin that hold the JSON of a namespace of metadata."""

# As `db.system` and `db.system.name` have them.
_SQL = (
    "sql other_sql mysql mariadb postgresql mssql microsoft.sql_server oracle oracle.db sqlite db2 ibm.db2 redshift"
    " aws.redshift cockroachdb h2 h2database hsqldb derby hive presto trino athena awsathena snowflake clickhouse"
    " duckdb spanner gcp.spanner bigquery vertica teradata sybase firebird firebirdsql informix ibm.informix hanadb"
    " sap.hana maxdb sap.maxdb netezza ibm.netezza ingres actian.ingres databricks tidb"
)
SQL = frozenset(_SQL.split())
"""Systems of databases that are asked in SQL."""

COMMANDS = frozenset(("redis", "valkey", "memcached", "mongodb", "documentdb"))
"""Systems of databases whose statements begin with the name of a command."""
