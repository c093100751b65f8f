"""conditional"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("users")]
    if "nick" not in columns:
        op.add_column("users", sa.Column("nick", sa.Text(), nullable=True))
    else:
        op.drop_column("users", "age")


def downgrade():
    pass
