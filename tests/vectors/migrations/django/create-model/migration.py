from django.db import migrations, models
from django.contrib.postgres.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.CreateModel(
            name="Label",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                ("text", models.CharField(max_length=30, unique=True)),
            ],
        ),
        migrations.AddField(model_name="order", name="labels", field=models.ManyToManyField(to="shop.label")),
        AddIndexConcurrently("order", models.Index(fields=["number"], name="order_number")),
    ]
