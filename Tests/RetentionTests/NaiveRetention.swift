import Retention

/// A second implementation of the retention rules, written as sets and without regard for speed.
///
/// Indexes are those of `dumps`, newest first.
struct NaiveRetention {
  let flagged: [Int]
  let counting: [Int]
  let keptCounting: [Int]
  let removed: [Int]

  init(_ dumps: [JudgedDump], _ policy: RetentionPolicy, now: Int, accepted: Set<String>, removesDamaged: Bool) {
    var flagged: [Int] = []
    var sane: [Int] = []
    for index in stride(from: dumps.count - 1, through: 0, by: -1) {
      guard case .good(let documents) = dumps[index].verdict else { continue }
      if let before = sane.last, documents * 2 < before, !accepted.contains(dumps[index].name) {
        flagged.append(index)
      } else {
        sane.append(documents)
      }
    }
    let counting = (0..<dumps.count).filter { index in
      guard case .good = dumps[index].verdict else { return false }
      return dumps[index].createdAt <= now && !flagged.contains(index)
    }
    self.flagged = flagged
    self.counting = counting

    var kept = Self.keptByRules(counting.map { dumps[$0].createdAt }, policy).map { counting[$0] }
    if let newest = counting.first, !kept.contains(newest) { kept.insert(newest, at: 0) }
    if let maximum = policy.maximumCount, maximum > 0 {
      while kept.count > 1, kept.count > maximum { kept.removeLast() }
    }
    if let maximum = policy.maximumBytes, maximum > 0 {
      while kept.count > 1, kept.map({ dumps[$0].bytes }).reduce(0, +) > maximum { kept.removeLast() }
    }

    let isUnruled =
      [policy.maximumCount, policy.maximumBytes, policy.within].allSatisfy { $0 == nil || $0 == 0 }
      && [policy.last, policy.hourly, policy.daily, policy.weekly, policy.monthly, policy.yearly].allSatisfy { $0 == 0 }
    keptCounting = isUnruled ? counting : kept
    removed = (0..<dumps.count).filter { index in
      if isUnruled { return false }
      if counting.contains(index) { return !kept.contains(index) }
      guard let newest = kept.first, let oldest = kept.last, dumps[index].createdAt <= now else { return false }
      let isAskedToGo = removesDamaged && index > newest
      return switch dumps[index].verdict {
      case .damaged: index > oldest || isAskedToGo
      case .unopened: isAskedToGo
      case .good, .unverified: false
      }
    }
  }

  /// Finds the dumps that a rule keeps.
  ///
  /// - Parameter times: the times of the dumps that count, newest first.
  /// - Returns: indexes into `times`, ascending.
  private static func keptByRules(_ times: [Int], _ policy: RetentionPolicy) -> [Int] {
    let calendar = NaiveCalendar.shared
    var kept: Set<Int> = []
    var rules = 0
    func keepNewestOfEach(_ count: Int, _ bucket: (Int) -> Int) {
      guard count > 0 else { return }
      rules += 1
      let buckets = times.map(bucket)
      // The newest dump of each run of equal buckets is kept, for as many runs as the rule's count.
      kept.formUnion(buckets.indices.filter { $0 == 0 || buckets[$0] != buckets[$0 - 1] }.prefix(count))
    }
    keepNewestOfEach(policy.hourly) { ($0 - NaiveCalendar.firstSecond) / 3600 }
    keepNewestOfEach(policy.daily) { ($0 - NaiveCalendar.firstSecond) / 86_400 }
    keepNewestOfEach(policy.weekly) { calendar.day($0).isoYear * 100 + calendar.day($0).isoWeek }
    keepNewestOfEach(policy.monthly) { calendar.day($0).year * 100 + calendar.day($0).month }
    keepNewestOfEach(policy.yearly) { calendar.day($0).year }
    if policy.last > 0 {
      rules += 1
      kept.formUnion(times.indices.prefix(policy.last))
    }
    if let within = policy.within, within > 0 {
      rules += 1
      kept.formUnion(times.indices.filter { times[$0] + within > times[0] })
    }
    return rules == 0 ? Array(times.indices) : kept.sorted()
  }
}
