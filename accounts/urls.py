from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [path("switch/", views.switch_organization, name="switch_organization")]
