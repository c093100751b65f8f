from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.RunSQL(
            sql="ALTER TABLE shop_order ADD COLUMN source text",
            reverse_sql="ALTER TABLE shop_order DROP COLUMN source",
            state_operations=[migrations.AddField("order", "source", models.TextField(null=True))],
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(fields=("shop", "number"), name="order_number_of_shop"),
        ),
    ]
