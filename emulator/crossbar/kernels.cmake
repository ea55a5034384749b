# The vector kernels are compiled for processors that need not be the one at hand; which of them runs
# is decided at run time.
option(PANTHER_PORTABLE "leave out the kernels for x86-64, as on any other processor" OFF)
if(PANTHER_PORTABLE)
  target_compile_definitions(panther_emulator PRIVATE PANTHER_PORTABLE)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|amd64")
  set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi -mavx512vnni)
  set_property(SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/crossbar/avx2.c APPEND
               PROPERTY COMPILE_OPTIONS -mavx2 -mpopcnt)
  foreach(name avx512 amx_forms amx_collapsed amx_sliced)
    set_property(SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/crossbar/${name}.c APPEND
                 PROPERTY COMPILE_OPTIONS ${avx512} -mpopcnt)
  endforeach()
endif()
