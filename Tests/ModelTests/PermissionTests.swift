import Model
import Testing

@Suite("Permissions")
struct PermissionTests {
  @Test("have the names that Doorman's roles have, in their order")
  func names() {
    #expect(
      Permission.allCases.map(\.rawValue) == [
        "manage_users", "manage_apis", "manage_endpoints", "manage_groups", "manage_roles", "manage_routings",
        "manage_gateway", "manage_subscriptions", "manage_security", "manage_tiers", "manage_rate_limits",
        "manage_credits", "manage_auth", "view_analytics", "view_logs", "export_logs",
      ])
  }

  @Test("are shown in tokens as Doorman shows them")
  func tokens() {
    let hidden = Permission.allCases.filter { !$0.isShownInTokens }
    #expect(hidden == [.manageTiers, .manageRateLimits, .manageCredits, .manageAuth, .viewAnalytics])
  }
}
