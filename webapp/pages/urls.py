"""The addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from webapp.pages.alerts import views as alerts
from webapp.pages.home import views as home
from webapp.pages.project import views as project
from webapp.pages.run import views as run
from webapp.pages.series import views as series
from webapp.pages.verdict import views as verdict

app_name = "pages"

urlpatterns = [
    path("", home.home, name="home"),
    path("projects/<slug:slug>/", project.project, name="project"),
    path("projects/<slug:slug>/runs/", run.runs, name="runs"),
    path("projects/<slug:slug>/alerts/", alerts.alerts, name="alerts"),
    path("series/<int:number>/", series.series, name="series"),
    path("series/<int:number>/chart.json", series.chart, name="chart"),
    path("runs/<int:number>/", run.run, name="run"),
    path("runs/<int:number>/verdict/", verdict.verdict, name="verdict"),
    path("alerts/<int:number>/", alerts.alert, name="alert"),
    path("alerts/<int:number>/act/", alerts.act, name="act"),
    path("login/", LoginView.as_view(template_name="shared/login.html"), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
]
