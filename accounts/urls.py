from django.urls import path

from accounts.views import mail, members, notifications, profile, switching, welcome

app_name = "accounts"
urlpatterns = [
    path("", members.people, name="people"),
    path("add/", members.person_add, name="person_add"),
    path("switch/", switching.switch_organization, name="switch_organization"),
    path("me/", profile.profile, name="profile"),
    path("me/tokens/", profile.token_issue, name="token_issue"),
    path("me/tokens/<uuid:uuid>/revoke/", profile.token_revoke, name="token_revoke"),
    path("me/notifications/", notifications.notification_settings, name="notification_settings"),
    path("me/notifications/<uuid:uuid>/", notifications.notification_open, name="notification_open"),
    path("go/<uuid:uuid>/", notifications.go, name="go"),
    path("mail/", mail.mail, name="mail"),
    path("mail/hold/", mail.mail_hold, name="mail_hold"),
    path("mail/release/", mail.mail_release, name="mail_release"),
    path("mail/<uuid:uuid>/retry/", mail.mail_retry, name="mail_retry"),
    path("welcome/<uuid:uuid>/", welcome.welcome, name="welcome"),
    path("<uuid:uuid>/", members.person, name="person"),
    path("<uuid:uuid>/roles/", members.person_roles, name="person_roles"),
    path("<uuid:uuid>/functions/", members.person_functions, name="person_functions"),
    path("<uuid:uuid>/link/", members.person_link, name="person_link"),
    path("<uuid:uuid>/deactivate/", members.person_deactivate, name="person_deactivate"),
    path("<uuid:uuid>/reactivate/", members.person_reactivate, name="person_reactivate"),
]
