"""The addresses of the API, below ``/api/v1/``."""

from django.urls import path

from webapp.api import alerts, points, uploads, views

app_name = "api"

urlpatterns = [
    path("health", views.Health.as_view(), name="health"),
    path("projects", views.Projects.as_view(), name="projects"),
    path("projects/<slug:slug>/series", views.SeriesOfProject.as_view(), name="series-of-project"),
    path("projects/<slug:slug>/alerts", alerts.AlertsOfProject.as_view(), name="alerts-of-project"),
    path("alerts/<int:number>", alerts.OneAlert.as_view(), name="alert"),
    path("alerts/<int:number>/actions", alerts.Actions.as_view(), name="alert-actions"),
    path("runs", uploads.Uploads.as_view(), name="runs"),
    path("runs/<int:number>", views.OneRun.as_view(), name="run"),
    path("series/<int:number>", points.one_series, name="series"),
]
