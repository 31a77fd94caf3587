from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assessments", "0008_how_far_the_check_of_records_is")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="return_answer",
            field=models.TextField(blank=True, db_default=""),
        ),
    ]
