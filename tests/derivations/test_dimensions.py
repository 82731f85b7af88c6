"""Both sides of every bound, of every hypothesis and of every line scale alike when weights and gradients take other units.

Weights, centres and widths are multiplied by k, gradients by m; a sum of squared gradients then scales by m^2, a loss by k m, a
quotient of a gradient and a root not at all. A wrong bound, D for D^2, does not scale as what it bounds.
"""

import re

import pytest
import sympy as sp

from lecture_optim.derivation import Derivation, Family, Index, Mean
from lecture_optim.derivation.language import Term

from .mutants import made, names

k, m = sp.symbols("k m", positive=True)

# Of each derivation: unit, then the names that scale by it; whole numbers have no unit. Abstract lemmas have units of their own
# choice, the more the better; ~ is a blank in a name. 1 alone: pure numbers, or a derivation that adds a 1 to what has a unit.
UNITS = r"""
lemmas:order                  k: a b u
lemmas:projection             k: a b p u x
lemmas:one_step               k: a b c p u w; m: g s; 1: r
lemmas:abel                   k: A; m: h
lemmas:telescope              m: h
lemmas:monotone_weights       k: A M; m: h
lemmas:roots_rise             m: X Y
lemmas:larger                 m^2: R S; m: q
lemmas:rising_rate            k: c; m: X Y
lemmas:ratio_growth           m^2: S; m: g; 1: r
lemmas:ratio_step             m^2: R S; m: g; 1: r
lemmas:sum_of_ratios          m^2: S; m: g; 1: r
lemmas:clipped_below          k: a b p x
lemmas:clipped_above          k: a b p x
lemmas:stays_above            k: a b c w; 1: r
lemmas:stays_below            k: a b c w; 1: r
lemmas:at_most_maximum        m: x y z
lemmas:size_tells             k: x y
lemmas:powers_keep_order      1: X Y
lemmas:width                  k: a b u w
speaker:odds                  1: s
speaker:both_speakers         1: s
speaker:honest_odds           1: rho s
speaker:gradient              k: w; 1/k: x; 1: r z
speaker:gradient_signs        k: w; 1/k: x; 1: r y
speaker:curvature             k: h; 1/k: lambda; 1: s y
speaker:not_negative          k: h; 1/k: lambda; 1: s y
speaker:tangent               1: a b
speaker:own_curvature         1: n_i p x
speaker:own_gradient          m: n_i x; 1: q
speaker:reach                 k: eta v; 1: n_i
speaker:next_words            m: A H
counts:standard_error         m: Xi sigma xi
counts:inverse_roots          1:
counts:inverse_roots_below    1:
counts:fixed_trade            k: W c
counts:clock_trade            k: W c
counts:count_clock            k: a b c u w; 1: g
counts:surprise               1: \ell q
counts:second_moment          m^2: S; m: G g xi
counts:jensen_root            m^2: S mu
counts:jensen_rate            m^2: S mu
counts:rare_mean              m: g m; 1: Z p
counts:rate_loss              m^2: s x
counts:rate_falls             m^2: s x
counts:mean_of_two            m: a b g; 1: Z
counts:first_step             m: a b g; 1: Z r
counts:later_step             m: G g; m^2: s v
counts:later_step_below       m: G g; m^2: s v
counts:epsilon_cap            k: c; m: epsilon g; m^2: S
counts:epsilon_large          m: epsilon; m^2: S
counts:epsilon_small          m: epsilon; m^2: S
counts:outside_larger         m: epsilon; m^2: S
counts:outside_close          m: epsilon; m^2: S
regret:linear_losses          k: u w; m: g; k m: C P
regret:average_point          k m: L \bar~L
regret:online_to_batch        k: u w; m: G g; k m: B L L_u \bar~L
regret:nearest_point          1: A gamma lambda p u x y
regret:nearer                 k: p u x
regret:ball_diameter          k: D u w
regret:one_step               k: c p u w; k^2: A A'; m: g s; 1: r
regret:more                   m^2: S S'; m: g
regret:ratio_step             m^2: S; m: g; 1: r
regret:sum_of_ratios          m^2: S; m: g; 1: r
regret:fixed_rate             k: W u w; k^2: A; m: G g; k/m: eta
regret:tuned_fixed_rate       k: W u w; k^2: A; m: G g
regret:falling_rate           k: W u w; k^2: A; m: G g; k/m: eta
regret:tuned_falling_rate     k: W u w; k^2: A; m: G g
regret:from_the_second        k^2: A
regret:strongly_convex        k: u w; k^2: A; m: G g; m/k: H
regret:norm_adaptive          k: W c u w; k^2: A; m: g; m^2: S; 1: r
regret:norm_adaptive_nearest  1: A W c gamma lambda r u w x y; m: g; m^2: S
regret:norm_adaptive_ball     k: D u w; m: g; m^2: S; 1: r
regret:best_end               k: D u; m: Z_T
regret:lower_bound            k: D w; m: Z_T g; k m: R_T
regret:one_more_sign          1: Z
regret:returns                m: theta
regret:chance_of_return       1: theta
regret:walk_distance          1: e theta
adagrad:coordinate            k: a b c u w; m: g; m^2: S; 1: r
adagrad:finite                k: a b c u w; m: g; m^2: S; 1: kappa r
adagrad:ratios_from           m: g s_0; m^2: S; 1: r
adagrad:step_then_clip        k: a b c p w x; 1: r
adagrad:quotient_times_root   m: g; m^2: Z; 1: r
adagrad:box                   k: a b c u w x; k^2: A; m: g; m^2: S; 1: r
adagrad:theorem               k: D u w x; k^2: A; m: g; m^2: S; 1: r
adagrad:root_of_sum           m: epsilon; m^2: X
adagrad:epsilon               k: D u w x; k^2: A; m: epsilon g; m^2: S; 1: r
adagrad:mean_square           m: nu; m^2: S
adagrad:mean_root             m^2: S
adagrad:stochastic            k: D u w x; m: G g; m^2: S; k m: L L_u; 1: r
adagrad:average_point         k m: B L L_u \bar~L_T
adagrad:stochastic_average    k: D u w x; m: G g; m^2: S; k m: L L_u \bar~L_T; 1: r
adagrad:best_c                k: W c
adagrad:best_c_after          k: W c; 1: kappa
adagrad:best_c_attained       k: W
adagrad:wrong_c               k: W c; 1: k
adagrad:peak                  1: kappa s
adagrad:constants_rise        1: kappa
adagrad:constants_below       1: kappa
adagrad:constants_near        1: kappa
adagrad:sharp_ratios          m: g; m^2: S; 1: kappa r
adagrad:one_more_ratio        m: g; m^2: R S; 1: Y r
adagrad:sharp_ratios_attained m: g; m^2: S; 1: kappa r
adagrad:pair                  k: W c; m: psi; 1: rho theta
adagrad:hover                 k: W c; m: psi; 1: rho theta
adagrad:count_down            1:
adagrad:fall                  k: W c; m: phi
geometry:square_of_sum        m: A s
geometry:pairs                m: s
geometry:differences          m: s
geometry:root_below           m^2: X; m: Y
geometry:root_above           m^2: X; m: Y
geometry:two_norms            m: s
geometry:two_norms_above      m: s
geometry:which_bound          k: D_2 D_{\infty}; m: \Vert~s\Vert_1 \Vert~s\Vert_2
geometry:cauchy_schwarz       k: v; m: s
geometry:largest_entry        k: x
geometry:point_norm           k: D w
geometry:point_norm_below     k: D w
geometry:equal_sizes          k: D u; m: s
geometry:single_entry         k: D; m: s
geometry:own_sizes            k: v; m: s
geometry:one_constant         k: c v; m: A s; k^2 m: B
geometry:root_parabola        1: y
geometry:even_sums            m^2: S m; 1: V
geometry:moments              1: N X p
geometry:whole_square         1:
geometry:by_roots             1: N a
geometry:tail_term            k: a x
geometry:head_term            k: a x
geometry:by_counts            1: N a
geometry:one_strip            1: a
geometry:all_strips           1: a
geometry:whole_area           1: a
geometry:saturation           1: N a
geometry:harmonic             1:
geometry:from_below           1: N m p
geometry:harmonic_below       1:
geometry:first_entries        k: x
geometry:growth               1: N a p
mistakes:constant_average     m: m x; 1: beta
mistakes:positive_average     m^2: v y; 1: beta
mistakes:right_step           m: g m; m^2: v; 1: beta_1 beta_2
mistakes:frozen_step          m: g m; m^2: v; 1: beta_1 beta_2
mistakes:uncorrected_step     m: g m; m^2: v; 1: beta_1 beta_2
mistakes:squared_step         m: g m; m^2: v; 1: beta_1 beta_2
mistakes:stored_step          m: a_1 a_2 g; 1: beta
step_cap:averages_cap         m: g m; m^2: v; 1: beta_1 beta_2 rho
step_cap:cap_attained         1: K beta_1 beta_2 g \hat~m \hat~v m q rho v
step_cap:cap_distance         1: K a b beta_1 beta_2 rho
step_cap:cap_limit            1: K beta_1 beta_2 kappa rho
step_cap:cap_near             1: K beta_1 beta_2 kappa rho
step_cap:cap_unbounded        1: K beta_1 beta_2 rho
step_cap:cap_value            1: K beta_1 beta_2 rho
step_cap:efficient_form       k: alpha; m: epsilon \hat~m; m^2: \hat~v; 1: beta_1 beta_2
step_cap:first_mean           m: g \hat~m m; 1: beta_1
step_cap:first_square         m: g; m^2: \hat~v v; 1: beta_2
step_cap:growing_mean         1: beta_1 beta_2 g m q rho v
step_cap:growing_square       1: beta_1 beta_2 g m q rho v
step_cap:limit_value          1: beta_1 beta_2 kappa rho
step_cap:fading               m: y; 1: beta
step_cap:lone_step            m: \hat~m m x; m^2: \hat~v v; 1: beta_1 beta_2 rho
step_cap:many_powers          1: rho
step_cap:newest_weights       1: a beta
step_cap:powers_positive      1: rho
step_cap:raw_cap              m: g m; m^2: v; 1: beta_1 beta_2 kappa rho
step_cap:scaled_average       k: c; m: g m; k m: g' m'; 1: beta
step_cap:scaled_step          k: c; m: \hat~m; m^2: \hat~v; k m: epsilon
step_cap:second_cap           1: K beta_1 beta_2 rho
step_cap:signal               m: \bar~g sigma; m^2: nu; 1: \mathrm{snr}
step_cap:step_cap             m: g \hat~m m; m^2: \hat~v v; 1: K beta_1 beta_2 rho
work:hidden_at_least          1: beta_1 beta_2
work:hidden_at_most           1: beta_1 beta_2
bias:mean_of_average          m^2: nu v x; 1: beta
bias:unbiased                 m^2: nu v \hat~v x; 1: beta
bias:only_divisor             m^2: nu v x; 1: beta c
bias:drift                    m^2: nu v \hat~v x; 1: beta
bias:drift_above              m^2: L nu v \hat~v x; 1: beta
bias:drift_below              m^2: L nu v \hat~v x; 1: beta
bias:drift_on_a_line          m^2: L nu v \hat~v x; 1: beta
bias:zeta_above               m^2: L nu v \hat~v x; 1: beta
bias:zeta_below               m^2: L nu v \hat~v x; 1: beta
bias:root_biased              m^2: nu v \hat~v x; 1: beta
bias:rate_biased              m^2: nu v \hat~v x; 1: beta
bias:root_near                m^2: nu Y
bias:another_start            m^2: v \hat~v x; 1: beta
bias:without_both             m: m \hat{m}; m^2: v \hat{v}; 1: beta_1 beta_2
bias:without_first            m: m \hat{m}; m^2: \hat{v}; 1: beta_1
bias:without_second           m: \hat{m}; m^2: v \hat{v}; 1: beta_2
bias:factor_from_one          1: beta_1 beta_2
bias:never_longer             1: beta_1 beta_2
bias:in_the_end_longer        1: beta_1 beta_2
bias:factor_small             1: beta_1 beta_2
bias:factor_large             1: beta_1 beta_2
relatives:correction_above    1: beta
relatives:correction_below    1: beta
relatives:sum_written         m: g; m^2: S
relatives:average_below_sum   m: g; m^2: S v; 1: beta
relatives:average_above_sum   m: g; m^2: S v; 1: beta
relatives:adagrad_limit_above m: g; m^2: S v; 1: beta
relatives:adagrad_limit_below m: g; m^2: S v; 1: beta
relatives:adagrad_epsilon     k: alpha; m: g epsilon; m^2: S
relatives:step_within         k: a; m^2: X Y; 1: q
relatives:rescaled_then_averaged k: delta eta; 1: mu r
relatives:same_scale          k: delta alpha; m: g m c; 1: beta_1 r
relatives:order_matters       m: c; k m: a; 1: mu
relatives:remembered          m: U; 1: beta_2
relatives:adamax_cap          m: g a m \hat~m u; 1: beta_1 beta_2
relatives:adamax_cap_below    m: g a m \hat~m u; 1: beta_1 beta_2
relatives:adamax_cap_value    1: beta_1 rho
relatives:adamax_cap_limit    1: beta_1 rho
relatives:adamax_maximum_attained 1: beta_2 u
relatives:adamax_attained     1: beta_1 beta_2 m \hat~m u
relatives:power_average_upper 1: a u v beta_2
relatives:power_average_lower 1: a u v beta_2
relatives:nadam_ahead         m: g m \hat~m; 1: beta_1
relatives:nadam_constant      m: g m; 1: beta_1
relatives:decay_in_sgd        k: w; m: g; k/m: eta; m/k: lambda
relatives:decay_in_a_scale    k: w eta; m: g c; m/k: lambda
relatives:scaled_loss_mean    k: w; m: g m m'; m/k: lambda; 1: b beta
relatives:scaled_loss_square  k: w; m: g; m^2: v v'; m/k: lambda; 1: b beta
averages:powers_below_one     1: beta
averages:powers_fall          1: beta
averages:powers_at_most_one   1: beta
averages:geometric_sum        1: beta
averages:unrolled             m: g m; 1: beta
averages:power_sum            1: beta
averages:weights_sum          1: beta
averages:age_sum              1: beta
averages:mean_age             1: beta
averages:squared_weights      1: beta
averages:powers_outrun        1: beta
averages:trapezoid            1: beta
averages:mean_age_limit       1: beta
averages:mean_age_half        1: beta
averages:plain_ages           1:
averages:plain_mean_age       1:
averages:plain_squares        1:
averages:window_of_age        1: N_1 beta
averages:window_of_squares    1: N_2 beta
averages:windows_ordered      1: N_1 N_2 beta
averages:half_life_above      1: beta h
averages:half_life_below      1: beta h
averages:rmsprop_cap          m: g; m^2: v; 1: beta r
averages:after_change         m: g; m^2: v x; 1: beta
averages:sum_after_change     m: g; m^2: S x
averages:rmsprop_start        m: g; m^2: v x; 1: beta r
averages:adadelta_first       m: g; m^2: epsilon_v v; k: delta; k^2: epsilon_u u; 1: rho
averages:adadelta_growth      k: delta; k^2: epsilon_u u; 1: rho
averages:adadelta_ratio       m: g; m^2: v; k: delta; k^2: epsilon_u u; 1: rho
averages:adadelta_squares_unit m: g \tilde~g; m^2: v \tilde~v; 1: gamma rho
averages:adadelta_ratio_unit m: g \tilde~g; m^2: epsilon_v v \tilde~v; 1: gamma q \tilde~q rho
averages:adadelta_steps_unit k: delta \tilde\delta; k^2: epsilon_u u \tilde~u; 1: lambda q \tilde~q rho
averages:root_unit            m^2: X Y epsilon; 1: lambda
averages:adadelta_unit        k: delta \tilde\delta; k^2: epsilon_u u \tilde~u; 1: lambda q \tilde~q rho
averages:zero_unit            m^2: X Y; 1: lambda
averages:adadelta_rate        k: delta \tilde\delta; k^2: epsilon_u u \tilde~u; 1: lambda q rho
momentum:from_motion          k: w v; m: F; m/k: M gamma; 1: h
momentum:explicit_euler       k: w v; m: F; m/k: M gamma; 1: h
momentum:two_points           k: w delta; m: g; k/m: eta; 1: mu
momentum:look_ahead           k: w x delta; m: g; k/m: eta; 1: mu
momentum:nesterov_curvature   k: x delta; m: g; k/m: eta; m/k: q; 1: mu
momentum:constant_rate        k: delta; m: g m; k/m: eta; 1: beta
momentum:changing_rate        k: e; m: g m; k/m: eta; 1: beta
momentum:energy               k: w; k^2: Q; 1: c mu
momentum:energy_bounds        k: w; k^2: Q; 1: c mu
momentum:region               1: a b
momentum:real_roots           1: a mu x y
momentum:ends_meet            m: P p; m^2: q; 1: a b
momentum:at_the_border        1: mu x
momentum:two_ends             m: P p; 1/m: s
momentum:next_error           m: Z r; 1: beta
momentum:noise_square         m: Z r sigma; 1: beta
momentum:noise_square_at_most m: Z r sigma; 1: beta
momentum:missed               m: Z \bar~g g \hat~m r; 1: beta
momentum:unbiased             m: Z \bar~g g \hat~m r; 1: beta
momentum:average_variance     m: Z \bar~g g \hat~m r sigma; 1: beta
momentum:average_variance_at_most m: Z \bar~g g \hat~m r sigma; 1: beta
momentum:above_floor          1: beta
momentum:above_plain          1: beta
momentum:falls                1: beta
momentum:at_most_one          1: beta
momentum:many_powers          1: beta
momentum:below_sum            1: beta
momentum:three_times          1: beta
momentum:effective_batch      1: beta
momentum:half_alpha           1: alpha
momentum:tanh_form            1: lambda
momentum:same_path            m: g m; 1: beta
momentum:total_weight         m: g m; 1: beta
momentum:rising_powers        1: beta
momentum:total_noise          1: beta
momentum:total_noise_above    1: beta
momentum:covariance           m: Z r; 1: beta
momentum:lag                  m: L \bar~g g; 1: beta
momentum:product_with_average k: w; m: m; k/m: eta
momentum:against_zero         k: w; m: m; k/m: eta; m/k: q
momentum:spread_of_average    k: w; m: m r sigma; k/m: eta; m/k: q; 1: beta
momentum:spread               k: w; m: m r sigma; k/m: eta; m/k: q; 1: beta
momentum:spread_at_most       k/m: eta; m/k: q; 1: beta
momentum:spread_at_least      k/m: eta; m/k: q; 1: beta
sign_descent:adam_without_memory m: g m m'; m^2: v v'; 1: beta_1 beta_2
sign_descent:mean_gradient    1: C Z g p
sign_descent:mean_sign        1: Z p sigma
sign_descent:they_oppose      1: C p
sign_descent:balance          1: beta p q pi
sign_descent:stays_inside     1: beta p q pi
sign_descent:stays_at_worst   1: beta p q pi
sign_descent:stays_at_best    1: beta p q pi
nonconvex:multiplied          k: y; m: g; k/m: eta; m/k: lambda
nonconvex:added               k: y alpha
nonconvex:flat_saddle         1: y g eta
nonconvex:average_lags        m: g m; 1: beta_1
nonconvex:average_positive    m: g m; 1: beta_1
nonconvex:average_behind      m: g m; 1: beta_1
nonconvex:rates_ordered       1: beta_1 beta_2
nonconvex:long_steps          m: g m; m^2: v; 1: beta_1 beta_2
nonconvex:long_corrected_steps m: g m \hat~m; m^2: v \hat~v; 1: beta_1 beta_2
amsgrad:from_average          k: u x; m: g m; 1: beta_1
amsgrad:product               k: P p; m: Q q
amsgrad:quotient_bounded      m: m s; 1/m: z; 1: kappa r
amsgrad:average_bounded       m: G g m; 1: beta_1
amsgrad:moved                 k: a b p s x
amsgrad:quotients             k: a alpha b u x; m: G g m; m^2: v \hat~v; 1/m: z; 1: beta_1 beta_2 kappa r rho
amsgrad:scale_rises           k: alpha; m^2: v \hat~v
amsgrad:averages_regret       k: a alpha b u x; m: G g m; m^2: v \hat~v; 1/m: z; 1: beta_1 beta_2 kappa r rho
amsgrad:coordinate            k: a alpha b u x; m: G g m; m^2: v \hat~v; 1/m: z; 1: beta_1 beta_2 kappa r rho
amsgrad:theorem               k: a alpha b u x; m: G g m; m^2: v \hat~v; 1/m: z; 1: beta_1 beta_2 kappa r rho
amsgrad:without_momentum      k: a alpha b u x; m: G g m; m^2: v \hat~v; 1/m: z; 1: beta_2 kappa r
amsgrad:maximum_bounded       m: G g; m^2: v \hat~v; 1: beta_2
amsgrad:convex                k: a alpha b u x; m: G g m; m^2: v \hat~v; k m: delta f f^u; 1/m: z; 1: beta_1 beta_2 kappa r rho
amsgrad:effective_falls       k: alpha; m: s; k/m: e
amsgrad:effective_large       k: alpha; m: C s; k/m: e
amsgrad:step_back             1: e_1 x_1 x_2
amsgrad:cycle                 1: C e_1 e_2 e_3 x_1 x_2 x_3 x_4
amsgrad:keeps                 k: A B D p q s
amsgrad:falls                 k: e
amsgrad:cycles                1: C e y
amsgrad:thirds                1:
amsgrad:example               1: C e^1 e^2 e^3 x^1 x^2 x^3
amsgrad:growing_memory        m: g; m^2: v
amsgrad:previous_scale        k: alpha x x^+; m: g; 1/m: q
threshold:factor              1: beta_2 omega
threshold:periodic_limit      1: C V_1 V_2 V_3 beta_2 omega
threshold:approach            1: C V_1 V_2 V_3 beta_2 omega v
threshold:margin              1: C V_1 V_2 V_3 beta_2 omega
threshold:second_above_third  1: C V_1 V_2 V_3 beta_2 omega
threshold:power_bound         1: beta_2
threshold:from_when           1: C V_2 V_3 beta_2
threshold:late_cycle          1: C V_1 V_2 V_3 beta_2 omega q r v_1
threshold:away_square         k: alpha m s_1; 1: C V_2 omega r v_1
threshold:back_square         k: alpha m s_2; 1: V_2 n omega v_2
threshold:late_steps          k: m s_1 s_2 s_3; 1: q r
threshold:one_of_two          1: u
threshold:smaller_rises       1: u z
threshold:moved_up            1: b u y
threshold:projected_above     1: u y z
threshold:cycle_rises         1: n s_1 s_2 s_3 x x_2 x_3 x_4
threshold:carried_on          1: b u y
threshold:walk_rises          1: a b c n x^1 x^2 x^3
threshold:walk_arrives        1: a b c n x^1 x^2 x^3
threshold:start_of_cycle      1: C V_1 V_2 V_3 beta_2 omega v v^1 v^2 v^3
threshold:after_away          1: C V_1 V_2 V_3 beta_2 omega v v^1 v^2 v^3
threshold:after_first_back    1: C V_1 V_2 V_3 beta_2 omega v v^1 v^2 v^3
threshold:slope_above_two     1: C beta_2
threshold:slope_above_one     1: C beta_2
threshold:slope_squared       1: C beta_2
threshold:after_second_back   1: C V_1 V_2 V_3 beta_2 omega v v^1 v^2 v^3
threshold:limit_positive      1: beta_2 omega
threshold:second_positive     1: C V_1 V_2 V_3 beta_2 omega
threshold:away_positive       1: C beta_2 v v^1
threshold:stays_late          1: C V_2 V_3 beta_2
threshold:late_net            k: alpha a b c m; 1: C V_1 V_2 V_3 beta_2 omega q r v v^1 v^2 v^3
threshold:pinned              1: y
threshold:arrives             1: a b c m q x^1 x^2 x^3
threshold:away_short          1: C alpha beta_2 s_1 v_1
threshold:late_short          1: C a alpha beta_2 v v^1
threshold:stays               1: a b c m q x^1 x^2 x^3
threshold:regret              1: C a b c m q x^1 x^2 x^3
threshold:first_value         1: C V_1 V_2 V_3 beta_2 omega
threshold:third_value         1: C V_1 V_2 V_3 beta_2 omega
threshold:large_rate          1: C V_1 V_2 V_3 beta_2 e p_1 p_2 p_3
threshold:away_rises          1: C D beta_2 p_1 u_1
threshold:back_falls          1: p_2 u_2 y_1 y_2
threshold:drift_falls         1: C D beta_2
failure:rate_below_one        1: C beta_2
failure:stays_below           m: C; m^2: v x; 1: beta_2
failure:after_the_large       m: C; m^2: v v_1; 1: beta_2
failure:first_square          k: alpha m s_1; m: C; m^2: v_1; 1: beta_2
failure:short_step            1: alpha beta_2 m s_1
failure:second_square         k: alpha m s_2; 1: beta_2 v_2
failure:third_square          k: alpha m s_3; 1: beta_2 v_3
failure:later_cycle           k: m s_1 s_2 s_3
failure:second_half           k: alpha s_1 s_2; 1: beta_2
failure:second_more           k: alpha s_1 s_2; 1: beta_2
failure:third_half            k: alpha s_1 s_3; 1: beta_2
failure:third_less            k: alpha s_1 s_3; 1: beta_2
failure:first_cycle           k: alpha s_1 s_2 s_3; 1: beta_2
failure:returns               1: s_1 s_2 s_3 x_2 x_3 x_4
failure:one_is_small          1: C
failure:moments_bounded       1: C beta_2 v v^1 v^2 v^3
failure:rate_at_most_a_fifth  1: C beta_2
failure:second_small          1: C beta_2 v v^1 v^2 v^3
failure:third_small           1: C beta_2 v v^1 v^2 v^3
failure:short_steps           1: C alpha beta_2 {s^1} {s^2} {s^3} v v^1 v^2 v^3
failure:later_steps           k: alpha {s^1} {s^2} {s^3}; 1: C beta_2 v v^1 v^2 v^3
failure:first_away            k: alpha {s^1} {s^2} {s^3}; 1: C beta_2 v v^1 v^2 v^3
failure:first_back            k: alpha {s^1} {s^2} {s^3}; 1: C beta_2 v v^1 v^2 v^3
failure:second_back           k: alpha {s^1} {s^2} {s^3}; 1: C beta_2 v v^1 v^2 v^3
failure:first_steps           k: alpha {s^1} {s^2} {s^3}; 1: C beta_2 v v^1 v^2 v^3
failure:steps_back            k: alpha {s^1} {s^2} {s^3}; 1: C beta_2 v v^1 v^2 v^3
failure:away                  1: s_1 x x_2
failure:every_start           1: {s^1} {s^2} {s^3} x^1 x^2 x^3
failure:cycle_regret          1: C {s^1} {s^2} {s^3} x^1 x^2 x^3
failure:not_negative          1: s_1 s_2 x_2 x_3
failure:cycle_regret_above    1: C {s^1} {s^2} {s^3} x^1 x^2 x^3
failure:walk_regret           1: C {s^1} {s^2} {s^3} x^1 x^2 x^3
failure:stays_at_the_worst    1: C alpha beta_2 eta g v x
failure:linear_regret         1: C alpha beta_2 eta g v x
failure:correction_rises      1: beta_2
failure:corrected_back        1: C alpha beta_2 {s^1} {s^2} {s^3} v v^1 v^2 v^3
failure:corrected_stays       1: C alpha beta_2 eta g v x
failure:by_cycles             m: A
failure:corrected_regret      1: C alpha beta_2 eta g v x
climb:second_long             k: alpha m s_2; 1: beta_2 v_2
climb:third_long              k: alpha m s_3; 1: beta_2 v_3
climb:gain                    k: m s_1 s_2 s_3
climb:later_gain              k: alpha m {s^1} {s^2} {s^3}; 1: C beta_2 v v^1 v^2 v^3
climb:climbs                  1: C alpha beta_2 eta g m v x
"""
LINE = re.compile(r"^(\S+) +(.*)$", re.MULTILINE)


def unit(text):
    """An expression in k and m from a text such as "k^2 m", "k/m" or "1"."""
    factors = text.replace("/", " /").split()
    powers = [(1, f) if not f.startswith("/") else (-1, f[1:]) for f in factors]
    return sp.Mul(*(sp.sympify(f.replace("^", "**"), {"k": k, "m": m}) ** sign for sign, f in powers))


def units_of(text):
    """{name: unit} of the right half of a line."""
    found = {}
    for part in text.split(";"):
        what, _, listed = part.partition(":")
        found |= dict.fromkeys(listed.split(), unit(what))
    return {name.replace("~", " "): what for name, what in found.items()}


TABLE = {name: units_of(text) for name, text in LINE.findall(UNITS)}


class Mismatch(Exception):
    """Two things of different units are added or compared, or something with a unit stands where a number must."""


def scale(e, units):
    """By what e is multiplied where everything takes new units; None for 0, which has every unit."""
    if e.is_Number or isinstance(e, sp.core.numbers.NumberSymbol):
        return None if e == 0 else sp.Integer(1)
    if isinstance(e, Term) or e.is_Symbol:
        name = e.family.name if isinstance(e, Term) else e.name
        if isinstance(e, Term):
            for index in e.indices:
                same([index], units, sp.Integer(1))
        return sp.Integer(1) if e.is_integer and e.is_Symbol else units[name]
    if e.is_Add or isinstance(e, sp.Max | sp.Min):
        return same(e.args, units)
    if e.is_Mul:
        parts = [scale(a, units) for a in e.args]
        return None if None in parts else sp.Mul(*parts)
    if e.is_Pow:
        base = scale(e.base, units)
        if not e.exp.is_Number:
            same([e.base, e.exp], units, sp.Integer(1))
        return base if base in (None, 1) else base**e.exp
    if isinstance(e, sp.Abs | Mean):
        return scale(e.args[0], units)
    if isinstance(e, sp.Sum):
        same([end for limit in e.limits for end in limit[1:]], units, sp.Integer(1))
        return scale(e.function, units)
    if isinstance(e, sp.exp | sp.log):
        return same(e.args, units, sp.Integer(1))
    raise Mismatch(f"{e} has no unit here")


def same(parts, units, wanted=None):
    """The unit that all parts have; Mismatch where they have several."""
    for part in parts:
        found = scale(part, units)
        if found is not None and wanted is not None and sp.simplify(found / wanted) != 1:
            raise Mismatch(f"{part} scales by {found}, but {wanted} is wanted beside {', '.join(map(str, parts))}")
        wanted = found if wanted is None else wanted
    return wanted


def findings(d, units):
    """What does not scale alike in a derivation: its hypotheses, its statement, its lines."""
    found = []
    relations = [(h.left, h.op, h.right) for h in d.givens] + [(d.first, d.op, d.side)]
    relations += [(step.before, step.op, step.after) for chain in d.walk() for step in chain.steps]
    for left, op, right in relations:
        try:
            same((left, right), units)
        except Mismatch as error:
            found.append(f"{left} {op} {right}: {error}")
    return found


def names_in(d):
    """The names of all that may have a unit."""
    sides = [e for h in d.givens for e in (h.left, h.right)] + [d.first, d.side]
    sides += [e for chain in d.walk() for step in chain.steps for e in (step.before, step.after)]
    whole = {s for e in sides for s in e.free_symbols if not s.is_integer}
    return {t.family.name for e in sides for t in e.atoms(Term)} | {s.name for s in whole}


@pytest.mark.parametrize("name", names())
def test_both_sides_of_every_relation_scale_alike(name):
    d = made(name)
    assert name in TABLE, f"add a line to UNITS of test_dimensions.py: {name}, with the units of {' '.join(sorted(names_in(d)))}"
    assert set(TABLE[name]) == names_in(d), "its line of UNITS must name what has a unit, and nothing else"
    assert not findings(d, TABLE[name]), "\n".join(findings(d, TABLE[name]))


def test_the_table_names_derivations_only():
    assert not set(TABLE) - set(names())


def test_what_is_about_parameters_or_gradients_has_units():
    """So that the test says something: many derivations are about decay rates alone; of the bounds on a regret all have both."""
    without = {name for name, units in TABLE.items() if not set(units.values()) - {1}}
    about = {name for name, units in TABLE.items() if set(units) & {"g", "w", "v", "S"}}
    # On Reddi's example, and where gradients are powers of a rate, the gradients are given numbers.
    about = {name for name in about if name.partition(":")[0] not in ("failure", "threshold", "sign_descent")}
    assert len(about) > 100 and len(without & about) < len(about) / 10
    assert len(without) < len(TABLE) * 3 / 5
    for name in ("adagrad:theorem", "adagrad:coordinate", "adagrad:box", "adagrad:stochastic", "regret:norm_adaptive"):
        assert {k, m} <= set(TABLE[name].values())


# ------------------------------------------------------------------------------------------------- the check itself is checked


x = sp.Symbol("x", real=True)
D, c = sp.symbols("D c", positive=True)
t, T = Index("t"), Index("T")


@pytest.mark.parametrize(
    ("left", "right", "units"),
    [
        (x**2, D, "k: x D"),  # D for D^2
        (x**2, 4 * D**3, "k: x D"),
        (sp.Sum(Family("g")[t] * x, (t, 1, T)), (D**2 / c + 1) * sp.sqrt(Family("S")[T]), "k: x D c; m: g; m^2: S"),
        (Family("g")[t], sp.sqrt(Family("g")[t]), "m: g"),
        (sp.log(x), D, "k: x; 1: D"),
        (sp.Max(x, D**2), x + D**2, "k: x D"),
        (sp.Abs(x), x**2, "k: x"),
        (Mean(Family("g", random=True)[t] ** 2), Mean(Family("g", random=True)[t]) * x, "m: g; k: x"),
        (2**x, sp.Integer(1), "k: x"),
        (sp.Sum(x, (t, 1, T)) + 1, x, "k: x"),
    ],
)
def test_a_wrong_unit_is_seen(left, right, units):
    with pytest.raises(Mismatch):
        same((left, right), units_of(units))


def test_a_wrong_bound_of_the_book_is_seen():
    """The theorem with D^2 for D, and with S for its root; the bound in one coordinate with the width for its square."""
    theorem, units = made("adagrad:theorem"), TABLE["adagrad:theorem"]
    length = next(s for s in theorem.side.free_symbols if s.name == "D")
    root = next(p for p in theorem.side.atoms(sp.Pow) if p.exp == sp.S.Half and p.base.has(Term))
    for old, new in ((length, length**2), (root, root.base), (root, 1)):
        with pytest.raises(Mismatch):
            same((theorem.first, theorem.side.xreplace({old: sp.sympify(new)})), units)
    bound, units = made("adagrad:coordinate"), TABLE["adagrad:coordinate"]
    square = next(p for p in bound.side.atoms(sp.Pow) if p.exp == 2)
    with pytest.raises(Mismatch):
        same((bound.first, bound.side.xreplace({square: square.base})), units)


def test_a_right_bound_passes_and_findings_name_the_place():
    h = Derivation("wrong hypothesis")
    h.given(x, "<=", D**2, "wrong")
    h.start(x).at_most(x + D, "a length", gap=D)
    assert len(findings(h, units_of("k: x D"))) == 1
    assert "x <= D**2" in findings(h, units_of("k: x D"))[0]
    assert not findings(h, units_of("1: x D"))


def test_zero_has_every_unit():
    assert same((sp.Integer(0), x, sp.Max(0, x)), units_of("k: x")) == k
