"""batch expand"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("nick", sa.Text()))
        batch.drop_index(batch.f("ix_users_age"))
        batch.create_index("ix_users_nick", ["nick"])


def downgrade():
    with op.batch_alter_table("users") as batch:
        batch.create_index("ix_users_age", ["age"], unique=False)
