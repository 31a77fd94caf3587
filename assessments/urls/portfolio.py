from django.urls import path

from assessments.views import portfolio

urlpatterns = [
    path("", portfolio.start, name="start"),
    path("programs/", portfolio.start, name="programs"),
    path("portfolio/", portfolio.portfolio, name="portfolio"),
    path("portfolio/state/", portfolio.portfolio_state, name="portfolio_state"),
    path("portfolio/portfolio.csv", portfolio.portfolio_export, name="portfolio_export"),
]
