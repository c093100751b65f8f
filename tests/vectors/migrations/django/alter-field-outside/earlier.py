import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Shop",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20)),
                ("note", models.TextField(blank=True, default="")),
                ("state", models.CharField(choices=[("new", "New")], default="new", max_length=10)),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("shop", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="shop.shop")),
            ],
            options={"ordering": ["number"]},
        ),
    ]
