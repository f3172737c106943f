"""URLs of the REST API, below ``/api/v1/``."""

from django.urls import path

from webapp.api import alerts, points, uploads, views

app_name = "api"

urlpatterns = [
    path("health", views.Health.as_view(), name="health"),
    path("projects", views.Projects.as_view(), name="projects"),
    path("projects/<slug:slug>/series", views.ProjectSeries.as_view(), name="series-of-project"),
    path("projects/<slug:slug>/alerts", alerts.ProjectAlerts.as_view(), name="alerts-of-project"),
    path("alerts/<int:number>", alerts.AlertDetail.as_view(), name="alert"),
    path("alerts/<int:number>/actions", alerts.AlertActions.as_view(), name="alert-actions"),
    path("runs", uploads.Uploads.as_view(), name="runs"),
    path("runs/<int:number>", views.RunDetail.as_view(), name="run"),
    path("series/<int:number>", points.series_points, name="series"),
]
