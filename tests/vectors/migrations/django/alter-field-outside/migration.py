from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_earlier"),
    ]

    operations = [
        migrations.AlterField(
            model_name="order",
            name="state",
            field=models.CharField(choices=[("new", "New"), ("paid", "Paid")], default="new", help_text="of the order", max_length=16),
        ),
        migrations.AlterModelOptions(name="order", options={"ordering": ["-id"]}),
    ]
