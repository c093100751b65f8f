"""foreign key of new column"""
from alembic import op
import sqlalchemy as sa


revision = "b2"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("second_team_id", sa.Integer(), nullable=True))
    op.create_foreign_key("fk_users_second", "users", "teams", ["second_team_id"], ["id"], ondelete="SET NULL")
    op.create_unique_constraint("uq_users_second", "users", ["second_team_id", "email"])


def downgrade():
    op.drop_column("users", "second_team_id")
