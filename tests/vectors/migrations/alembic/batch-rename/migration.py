"""batch rename"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("nick", sa.Text(), nullable=True))
        batch_op.alter_column("age", new_column_name="years", existing_type=sa.Integer())


def downgrade():
    pass
