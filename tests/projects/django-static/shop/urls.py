from django.http import JsonResponse
from django.shortcuts import render
from django.urls import path

urlpatterns = [
    path("", lambda request: render(request, "index.html", {"name": "shop"})),
    path("health", lambda request: JsonResponse({"status": "ok"})),
]
