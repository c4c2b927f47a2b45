"""The workspace's database: schema, migrations, imports, labels, and reading one account's columns."""
