class PagesController < ActionController::Base
  def home = render(plain: "home")
end
